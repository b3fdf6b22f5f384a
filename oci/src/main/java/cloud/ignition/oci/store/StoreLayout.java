package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Where things are, below {@code <state>/images}: {@code blobs/sha256/<hex>}, {@code roots/<hex>.squashfs},
 * {@code records/<hex>.json}, {@code tmp/}, and {@code lock}, which the one process that uses the store holds.
 */
public final class StoreLayout implements AutoCloseable {
    private static final String ROOT_SUFFIX = ".squashfs";

    private final Path base;
    private final FileChannel lock;

    private StoreLayout(Path base, FileChannel lock) {
        this.base = base;
        this.lock = lock;
    }

    /**
     * Makes the directories, takes the lock, and removes what an earlier process left unfinished.
     *
     * @param state the state directory
     * @throws ImageException of kind HOST when that is not possible
     */
    public static StoreLayout open(Path state) {
        Path base = state.resolve("images").toAbsolutePath();
        try {
            for (String name : List.of("blobs/sha256", "roots", "records", "tmp")) {
                Files.createDirectories(base.resolve(name));
            }
            StoreLayout layout = new StoreLayout(base, lock(base.resolve("lock")));
            for (Path leftover : layout.files(base.resolve("tmp"))) {
                Files.delete(leftover);
            }
            return layout;
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST,
                    "cannot use image store " + base + ": " + reason(e) + "; check permissions and disk",
                    e);
        }
    }

    /** The directory all is in. */
    public Path base() {
        return base;
    }

    /** The file of a blob. */
    public Path blob(Digest digest) {
        return base.resolve("blobs/sha256").resolve(digest.hex());
    }

    /** The file of a root image. */
    public Path root(Digest key) {
        return base.resolve("roots").resolve(key.hex() + ROOT_SUFFIX);
    }

    /** A name for a new temporary file on the same file system as all the rest. */
    public Path temporary(String what) {
        return base.resolve("tmp").resolve(what + "-" + UUID.randomUUID());
    }

    Path record(Digest nameHash) {
        return base.resolve("records").resolve(nameHash.hex() + ".json");
    }

    List<Path> blobs() {
        return files(base.resolve("blobs/sha256"));
    }

    List<Path> roots() {
        return files(base.resolve("roots"));
    }

    List<Path> records() {
        return files(base.resolve("records"));
    }

    /** The digest a blob or root image is named by. */
    static Digest digestOf(Path file) {
        String name = String.valueOf(file.getFileName());
        return new Digest(name.endsWith(ROOT_SUFFIX) ? name.substring(0, name.length() - ROOT_SUFFIX.length()) : name);
    }

    /** Why an operation on a file failed, without the path that the message has already. */
    static String reason(IOException e) {
        if (e instanceof java.nio.file.AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof java.nio.file.FileSystemException fs && fs.getReason() != null) {
            return fs.getReason();
        }
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    /** Gives the lock back. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> files(Path directory) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(files::add);
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot list " + directory + ": " + reason(e) + "; check permissions", e);
        }
        return files;
    }

    private static FileChannel lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = null;
        try {
            held = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // Held by this very process: the same as by another one.
            held = null;
        } finally {
            if (held == null) {
                channel.close();
            }
        }
        if (held == null) {
            throw new ImageException(
                    ImageException.Kind.HOST,
                    "image store " + file.getParent() + " is in use by another process; stop that one first");
        }
        return channel;
    }
}
