package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;

/**
 * Writes a snapshot directory so that it is there whole or not at all: all files into {@code NAME.tmp}, each made
 * durable, then one rename, then the parent directory made durable. A directory {@code *.tmp} is left by a crash and may
 * be removed by whoever finds it.
 */
public final class SnapshotWriter {
    /** Name of the file with everything but memory. */
    public static final String STATE_FILE = "state";

    /** Name of the file with the memory. */
    public static final String MEMORY_FILE = "memory";

    /** What an unfinished snapshot's directory name ends with. */
    public static final String TEMPORARY_SUFFIX = ".tmp";

    private static final int OPEN_NEW = Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL | Fd.O_CLOEXEC;

    private SnapshotWriter() {}

    /**
     * @param directory must not exist; its parent must
     * @param memory all RAM of the paused machine, in one piece
     * @param free what was given back of it
     * @throws UncheckedIOException when the host's file system refuses; nothing is left behind then
     */
    public static SnapshotManifest write(
            Path directory,
            MachineShape shape,
            String cpu,
            MachineState state,
            MemorySegment memory,
            FreePages free,
            SnapshotSubject subject) {
        Path temporary = directory.resolveSibling(directory.getFileName() + TEMPORARY_SUFFIX);
        try {
            if (Files.exists(directory)) {
                throw new IllegalArgumentException("snapshot " + directory + " exists already");
            }
            delete(temporary);
            Files.createDirectory(
                    temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try {
                byte[] stateBytes = state.encode();
                MemoryFile.Written written = writeMemory(temporary.resolve(MEMORY_FILE), memory, free);
                writeDurably(temporary.resolve(STATE_FILE), stateBytes);
                SnapshotManifest manifest = new SnapshotManifest(
                        shape,
                        cpu,
                        stateBytes.length,
                        Digests.sha256(stateBytes),
                        memory.byteSize(),
                        written.crc32c(),
                        written.dataBytes(),
                        subject.facts());
                writeDurably(temporary.resolve(SnapshotManifest.FILE), manifest.encode());
                syncDirectory(temporary);
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                syncDirectory(Objects.requireNonNull(directory.toAbsolutePath().getParent()));
                return manifest;
            } catch (IOException | RuntimeException e) {
                delete(temporary);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the snapshot " + directory + ": " + e.getMessage(), e);
        }
    }

    private static MemoryFile.Written writeMemory(Path file, MemorySegment memory, FreePages free) throws IOException {
        try (Fd fd = Fd.open(file.toString(), OPEN_NEW, 0600)) {
            MemoryFile.Written written = MemoryFile.write(memory, free, fd);
            fd.fdatasync();
            return written;
        } catch (LinuxException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static void writeDurably(Path file, byte[] bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Removes a snapshot directory with the files that belong into one; anything else in it makes that fail. */
    public static void delete(Path directory) throws IOException {
        for (String name : List.of(SnapshotManifest.FILE, STATE_FILE, MEMORY_FILE)) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.deleteIfExists(directory);
    }
}
