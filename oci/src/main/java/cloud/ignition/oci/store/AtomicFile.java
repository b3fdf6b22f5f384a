package cloud.ignition.oci.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Makes files appear whole or not at all: written under a temporary name, synced, renamed, directory synced. A crash at
 * any point leaves at most a temporary file, which the next start removes.
 */
final class AtomicFile {
    private AtomicFile() {}

    /** Opens a temporary file for writing, which must not exist yet. */
    static FileChannel create(Path temporary) throws IOException {
        return FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /** Writes all of the buffer. */
    static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Writes a small file as a whole, replacing one of that name. */
    static void write(Path temporary, Path target, byte[] bytes) throws IOException {
        try {
            try (FileChannel channel = create(temporary)) {
                writeFully(channel, ByteBuffer.wrap(bytes));
                channel.force(true);
            }
            publish(temporary, target);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Syncs a file another process wrote, and gives it its name. */
    static void syncAndPublish(Path temporary, Path target) throws IOException {
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        publish(temporary, target);
    }

    /** Gives a synced temporary file its name, replacing one of that name. */
    static void publish(Path temporary, Path target) throws IOException {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncDirectory(target);
    }

    /** Makes a rename or removal within the file's directory durable. */
    static void syncDirectory(Path file) throws IOException {
        Path directory = file.getParent();
        if (directory == null) {
            throw new IllegalArgumentException("no directory: " + file);
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
