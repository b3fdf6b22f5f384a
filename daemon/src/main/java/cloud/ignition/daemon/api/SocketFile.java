package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The place of the daemon's socket in the file system. The socket is bound in a temporary directory that only its owner
 * may enter, given mode 0600 and then renamed to its place, so that it is never open to others and a dead daemon's
 * leftover is replaced in one step.
 */
final class SocketFile implements AutoCloseable {
    /** What the temporary directory adds to the parent's path: {@code /.ignition-}, 20 random digits, {@code /s}. */
    private static final int TEMPORARY_BYTES = 33;

    private final Path path;
    private final Path directory;

    private SocketFile(Path path, Path directory) {
        this.path = path;
        this.directory = directory;
    }

    /**
     * Prepares the place.
     *
     * @throws UserException when a daemon already listens there or the path cannot be used
     */
    static SocketFile prepare(Path wanted) {
        Path path = check(wanted);
        Path parent = parent(path);
        try {
            return new SocketFile(path, Files.createTempDirectory(parent, ".ignition-"));
        } catch (NoSuchFileException e) {
            throw UserException.unavailable(
                    "cannot create the socket " + path + ": directory " + parent + " does not exist; create it or"
                            + " choose another place with --socket",
                    e);
        } catch (IOException e) {
            throw UserException.unavailable(
                    "cannot create the socket " + path + ": " + e.getMessage() + "; choose another place with --socket",
                    e);
        }
    }

    /** As {@link #prepare}, but only looks; gives the absolute path. */
    static Path check(Path wanted) {
        Path path = wanted.toAbsolutePath().normalize();
        checkLength(path, parent(path));
        refuseLiveDaemon(path);
        return path;
    }

    /** Where to bind the socket. */
    Path temporary() {
        return directory.resolve("s");
    }

    /** Where it is found by clients. */
    Path path() {
        return path;
    }

    /** Puts the bound socket in its place. */
    void publish() throws IOException {
        Files.setPosixFilePermissions(temporary(), PosixFilePermissions.fromString("rw-------"));
        Files.move(temporary(), path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.delete(directory);
    }

    /** Removes what is there. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(temporary());
        Files.deleteIfExists(directory);
        Files.deleteIfExists(path);
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw UserException.invalid("the socket path " + path + " is not a file; choose another with --socket");
        }
        return parent;
    }

    private static void checkLength(Path path, Path parent) {
        int own = path.toString().getBytes(StandardCharsets.UTF_8).length;
        int temporary = parent.toString().getBytes(StandardCharsets.UTF_8).length + TEMPORARY_BYTES;
        if (Math.max(own, temporary) > ApiLimits.SOCKET_PATH_BYTES) {
            throw UserException.invalid(
                    "the socket path " + path + " is too long for a Unix socket; choose a shorter one with --socket");
        }
    }

    private static void refuseLiveDaemon(Path path) {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!isSocket(path)) {
            throw UserException.conflict(path + " exists and is not a socket; remove it or choose another --socket");
        }
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            if (probe.isConnected()) {
                throw UserException.conflict("a daemon already listens on " + path
                        + "; stop it first, or choose another --socket and --state");
            }
        } catch (IOException refused) {
            // Nobody listens: a leftover, which the rename replaces.
        }
    }

    private static boolean isSocket(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther();
        } catch (IOException e) {
            return false;
        }
    }
}
