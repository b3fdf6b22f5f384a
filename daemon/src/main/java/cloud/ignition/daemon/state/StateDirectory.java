package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.UserException;
import cloud.ignition.vmm.VsockHub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything durable, owned by one daemon at a time:
 *
 * <pre>
 * lock                          held by the daemon that uses the directory
 * apps/ID/app.json              {@link AppRecord}
 * apps/ID/snapshots/N/          one snapshot, see {@link SnapshotShelf}
 * apps/ID/log/                  see {@link AppLog}
 * apps/ID/vsock                 the socket of a {@link VsockHub}, while the app is up
 * images/                       the image store
 * warm-up/                      the built-in guest's files, for some seconds after the daemon's start
 * </pre>
 */
public final class StateDirectory implements AutoCloseable {
    private static final int ID_LENGTH = 12;
    private static final String APP_FILE = "app.json";

    private final Path root;
    private final FileChannel lockChannel;

    private StateDirectory(Path root, FileChannel lockChannel) {
        this.root = root;
        this.lockChannel = lockChannel;
    }

    /**
     * Opens a state directory, creating it (mode 0700) when absent, and takes its lock.
     *
     * @throws UserException when another daemon has it or it cannot be written
     */
    public static StateDirectory open(Path directory) {
        Path root = directory.toAbsolutePath().normalize();
        checkLength(root);
        FileChannel channel = null;
        try {
            Files.createDirectories(
                    root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.createDirectories(root.resolve("apps"));
            channel = FileChannel.open(
                    root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                String owner = readOwner(channel);
                channel.close();
                throw UserException.conflict("state directory " + root + " is in use by another ignition daemon" + owner
                        + "; stop that one or give another directory with --state");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
            return new StateDirectory(root, channel);
        } catch (IOException e) {
            closeQuietly(channel);
            throw UserException.unavailable(
                    "state directory " + root + " cannot be used: " + describe(e)
                            + "; run the daemon as root or give another directory with --state",
                    e);
        }
    }

    private static void checkLength(Path root) {
        Path longest = vsock(root, "0".repeat(ID_LENGTH));
        if (!VsockHub.fits(longest)) {
            int most = VsockHub.MAX_PATH_BYTES
                    - (longest.toString().length() - root.toString().length());
            throw UserException.invalid("state directory " + root
                    + " has too long a path for the sockets in it: at most " + most
                    + " bytes; choose another with --state");
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // a daemon in this very process
        }
    }

    private static String readOwner(FileChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(20);
        int count = channel.read(buffer, 0);
        return count > 0 ? " (process " + new String(buffer.array(), 0, count, StandardCharsets.US_ASCII) + ")" : "";
    }

    /** The directory itself. */
    public Path root() {
        return root;
    }

    /** Directory of one app, existing or not. */
    public Path app(String id) {
        return root.resolve("apps").resolve(id);
    }

    /** Where an app's sockets are reached from the host. */
    public Path vsock(String id) {
        return vsock(root, id);
    }

    private static Path vsock(Path root, String id) {
        return root.resolve("apps").resolve(id).resolve("vsock");
    }

    /** Makes a record durable; creates the app's directory when it is new. */
    public void write(AppRecord app) {
        try {
            Path directory = app(app.id());
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory);
                DurableFile.syncDirectory(root.resolve("apps"));
            }
            DurableFile.replace(directory.resolve(APP_FILE), AppRecordJson.write(app));
        } catch (IOException e) {
            throw UserException.unavailable(
                    "app " + app.spec().name() + " cannot be written to " + root + ": " + describe(e)
                            + "; check the disk",
                    e);
        }
    }

    /**
     * Forgets an app with all its files. The record goes first: a crash in between leaves a directory without one,
     * which the next start reaps.
     */
    public void remove(String id) {
        try {
            Files.deleteIfExists(app(id).resolve(APP_FILE));
            FileTree.delete(app(id));
        } catch (IOException e) {
            throw new UncheckedIOException("app directory " + app(id) + " cannot be removed", e);
        }
    }

    /** What {@link #adopt} found. */
    public record Adopted(List<AppRecord> apps, List<String> complaints) {}

    /**
     * Reads all apps after a start and reaps what a crash left: temporary files, directories of apps that never were or
     * are no more. Damaged records are left alone and reported, one line each.
     */
    public Adopted adopt() {
        List<AppRecord> apps = new ArrayList<>();
        List<String> complaints = new ArrayList<>();
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(root.resolve("apps"))) {
            for (Path directory : directories) {
                try {
                    adoptOne(directory, apps);
                } catch (IOException | DamagedStateException e) {
                    complaints.add("app " + directory.getFileName() + " is ignored: " + describe(e)
                            + "; restore the file or remove the directory");
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("state directory " + root + " cannot be listed", e);
        }
        return new Adopted(apps, complaints);
    }

    private static void adoptOne(Path directory, List<AppRecord> apps) throws IOException {
        Path file = directory.resolve(APP_FILE);
        if (!Files.exists(file)) {
            if (directory.getFileName().toString().matches("[0-9a-f]{" + ID_LENGTH + "}")) {
                FileTree.delete(directory);
            }
            return;
        }
        Files.deleteIfExists(directory.resolve(APP_FILE + DurableFile.TEMPORARY_SUFFIX));
        long size = Files.size(file);
        if (size > Limits.MAX_APP_FILE) {
            throw new DamagedStateException(
                    file + " has " + size + " bytes; at most " + Limits.MAX_APP_FILE + " are read");
        }
        AppRecord app = AppRecordJson.read(file, Files.readAllBytes(file));
        if (!app.id().equals(directory.getFileName().toString())) {
            throw new DamagedStateException(file + " is damaged: it belongs to app " + app.id());
        }
        apps.add(app);
    }

    /** Lets another daemon have the directory. */
    @Override
    public void close() {
        closeQuietly(lockChannel);
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                System.getLogger(StateDirectory.class.getName())
                        .log(System.Logger.Level.WARNING, "closing the lock file: " + e.getMessage());
            }
        }
    }

    private static String describe(Exception e) {
        return e instanceof java.nio.file.AccessDeniedException denied
                ? "permission denied: " + denied.getFile()
                : String.valueOf(e.getMessage());
    }
}
