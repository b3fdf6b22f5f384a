package cloud.ignition.daemon.state;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Whole directories: delete and measure. Symbolic links are never followed. */
public final class FileTree {
    private static final int O_RDONLY_CLOEXEC = 0x80000; // <fcntl.h>: O_RDONLY | O_CLOEXEC

    private FileTree() {}

    /** Deletes a directory with everything in it; nothing happens when it does not exist. */
    public static void delete(Path root) throws IOException {
        if (!Files.exists(root, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Disk space used by all files below, in bytes (holes of sparse files do not count). */
    static long allocatedBytes(Path root) throws IOException {
        AtomicLong sum = new AtomicLong();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    sum.addAndGet(allocated(file, attributes));
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (NoSuchFileException e) {
            return 0;
        }
        return sum.get();
    }

    private static long allocated(Path file, BasicFileAttributes attributes) {
        try (Fd fd = Fd.open(file.toString(), O_RDONLY_CLOEXEC, 0)) {
            long sum = 0;
            long data = fd.seekData(0);
            while (data >= 0) {
                long hole = fd.seekHole(data);
                if (hole <= data) {
                    break;
                }
                sum += hole - data;
                data = fd.seekData(hole);
            }
            return sum;
        } catch (LinuxException e) {
            return attributes.size();
        }
    }
}
