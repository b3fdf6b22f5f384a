package cloud.ignition.vmm;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.virtio.vsock.UnixBackend;
import cloud.ignition.vmm.virtio.vsock.VsockBackend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The host's side of a guest's sockets (AF_VSOCK), as files. Who connects to the unix socket at {@code PATH} and writes {@code
 * CONNECT port} and a line feed reaches what listens at that port in the guest, and reads {@code OK port} first; what the guest
 * connects to, CID 2 port P, is who listens at {@code PATH_P}.
 *
 * <p>A hub outlives the machines it is attached to, one at a time: connections of a machine that is saved and closed stand still
 * until it is restored with the same hub. Restored with another, or otherwise than as last saved, the guest is told that they are
 * lost.
 */
public final class VsockHub implements AutoCloseable {
    private static final int LONGEST_SUFFIX = "_4294967295".length();

    /** Longest path of a hub, in bytes of UTF-8. */
    public static final int MAX_PATH_BYTES = UnixSocket.MAX_PATH_BYTES - LONGEST_SUFFIX;

    private final Path path;
    private final UnixBackend backend;

    private VsockHub(Path path, UnixBackend backend) {
        this.path = path;
        this.backend = backend;
    }

    /**
     * Listens; a socket that a dead process left there is replaced.
     *
     * @param path in a directory that only those may enter who may speak to the guest; see {@link #fits}
     * @throws LinuxException when the host refuses, EADDRINUSE when something else is there
     */
    public static VsockHub open(Path path) {
        if (!fits(path)) {
            throw new IllegalArgumentException(path + " is longer than " + MAX_PATH_BYTES + " bytes");
        }
        try {
            removeSocket(path);
            return new VsockHub(path, listen(path));
        } catch (IOException e) {
            throw new UncheckedIOException("vsock socket " + path + " cannot be made", e);
        }
    }

    private static UnixBackend listen(Path path) throws IOException {
        try {
            UnixBackend backend = UnixBackend.listen(path.toString());
            try {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
                return backend;
            } catch (IOException | RuntimeException e) {
                backend.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            removeSocket(path);
            throw e;
        }
    }

    /** Whether the names of all its sockets fit into an address (sun_path). */
    public static boolean fits(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_PATH_BYTES;
    }

    /** Where it listens. */
    public Path path() {
        return path;
    }

    /** Readable when a peer on the host waits for the guest. To be watched only while no machine has the hub. */
    public Fd fd() {
        return backend.fd().orElseThrow();
    }

    VsockBackend backend() {
        return backend;
    }

    /** Ends all connections and removes the socket; no machine has the hub any more. */
    @Override
    public void close() {
        backend.close();
        try {
            removeSocket(path);
        } catch (IOException e) {
            // A leftover that nobody listens at: whoever opens a hub there replaces it.
        }
    }

    private static void removeSocket(Path path) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                && Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                        .isOther()) {
            Files.delete(path);
        }
    }
}
