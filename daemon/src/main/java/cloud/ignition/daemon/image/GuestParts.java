package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The guest's kernel and initramfs on this host.
 *
 * @param kernel uncompressed vmlinux
 * @param initramfs cpio archive with the guest's init
 * @param kernelDigest {@code sha256:…} of the kernel
 * @param initramfsDigest {@code sha256:…} of the initramfs
 */
public record GuestParts(Path kernel, Path initramfs, String kernelDigest, String initramfsDigest) {
    private static final String KERNEL_FILE = "vmlinux";
    private static final String INITRAMFS_FILE = "initramfs.cpio";

    /**
     * Finds and hashes both parts: the given file, else the environment's, else the first of the directories that has it.
     *
     * @throws UserException when a part is not there
     */
    public static GuestParts find(Optional<Path> kernel, Optional<Path> initramfs, List<Path> directories) {
        Path kernelFile = locate("kernel", kernel, "IGNITION_KERNEL", KERNEL_FILE, directories);
        Path initramfsFile = locate("initramfs", initramfs, "IGNITION_INITRAMFS", INITRAMFS_FILE, directories);
        return new GuestParts(kernelFile, initramfsFile, digest(kernelFile), digest(initramfsFile));
    }

    /** Where the parts are looked for: {@code <install>/guest} beside this program, then {@code target/guest}. */
    public static List<Path> defaultDirectories() {
        String install = System.getProperty("ignition.home", "");
        Path checkout = Path.of("target", "guest");
        return install.isEmpty() ? List.of(checkout) : List.of(Path.of(install, "guest"), checkout);
    }

    private static Path locate(
            String what, Optional<Path> given, String variable, String name, List<Path> directories) {
        if (given.isPresent()) {
            return readable(what, given.get(), "--" + what);
        }
        String fromEnvironment = System.getenv(variable);
        if (fromEnvironment != null && !fromEnvironment.isEmpty()) {
            return readable(what, Path.of(fromEnvironment), variable);
        }
        for (Path directory : directories) {
            Path file = directory.resolve(name);
            if (Files.isReadable(file)) {
                return file.toAbsolutePath();
            }
        }
        throw UserException.unavailable("no guest " + what + " in "
                + directories.stream()
                        .map(Path::toString)
                        .reduce((a, b) -> a + ", " + b)
                        .orElse("(nowhere)")
                + "; build it with 'make guest' or name it with --" + what + " or " + variable);
    }

    private static Path readable(String what, Path file, String source) {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw UserException.unavailable(
                    "guest " + what + " '" + file + "' (from " + source + ") cannot be read; check the path");
        }
        return file.toAbsolutePath();
    }

    private static String digest(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
            }
            return "sha256:" + HexFormat.of().formatHex(sha256.digest());
        } catch (IOException e) {
            throw UserException.unavailable("guest part '" + file + "' cannot be read: " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
