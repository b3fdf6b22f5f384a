package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

    private static final int OPEN_NEW = Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL;

    private SnapshotWriter() {}

    /**
     * Writes all of it; the file system is asked for room first.
     *
     * @param directory must not exist; its parent must
     * @param host what this host offers
     * @param memory all RAM of the paused machine, in one piece
     * @param free what was given back of it
     * @param mostDataBytes no more bytes of the memory than these are not zero
     * @throws UncheckedIOException when the host's file system refuses or is full; nothing is left behind then
     */
    public static SnapshotManifest write(
            Path directory,
            MachineShape shape,
            HostFacts host,
            MachineState state,
            MemorySegment memory,
            FreePages free,
            long mostDataBytes,
            SnapshotSubject subject) {
        Path temporary = directory.resolveSibling(directory.getFileName() + TEMPORARY_SUFFIX);
        Path parent = Objects.requireNonNull(directory.toAbsolutePath().getParent());
        try {
            if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new IllegalArgumentException("snapshot " + directory + " exists already");
            }
            delete(temporary);
            byte[] stateBytes = state.encode();
            SnapshotSpace.require(parent, mostDataBytes + stateBytes.length);
            Files.createDirectory(
                    temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try {
                MemoryFile.Written written = writeMemory(temporary.resolve(MEMORY_FILE), memory, free);
                writeDurably(temporary.resolve(STATE_FILE), stateBytes);
                SnapshotManifest manifest = new SnapshotManifest(
                        shape,
                        host.usedBy(state),
                        stateBytes.length,
                        Digests.sha256(stateBytes),
                        written.crc32c(),
                        written.dataBytes(),
                        subject);
                byte[] manifestBytes = manifest.encode();
                writeDurably(temporary.resolve(SnapshotManifest.FILE), manifestBytes);
                syncDirectory(temporary);
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                syncDirectory(parent);
                KnownSnapshots.written(directory, manifest, manifestBytes, stateBytes);
                return manifest;
            } catch (IOException | RuntimeException e) {
                deleteAfter(e, temporary);
                // Whole, but the file system does not say that it is durable: not a snapshot to rely on.
                deleteAfter(e, directory);
                throw e;
            }
        } catch (IOException | UncheckedIOException | LinuxException e) {
            throw new UncheckedIOException(
                    "cannot write the snapshot " + directory + ": " + e.getMessage(),
                    e instanceof IOException io ? io : new IOException(e));
        }
    }

    private static void deleteAfter(Exception failure, Path half) {
        try {
            delete(half);
        } catch (IOException e) {
            failure.addSuppressed(e); // the next save or the daemon's next start removes it
        }
    }

    private static MemoryFile.Written writeMemory(Path file, MemorySegment memory, FreePages free) {
        try (Fd fd = Fd.open(file.toString(), OPEN_NEW, 0600)) {
            MemoryFile.Written written = MemoryFile.write(memory, free, fd);
            fd.fdatasync();
            return written;
        }
    }

    private static void writeDurably(Path file, byte[] bytes) {
        try (Fd fd = Fd.open(file.toString(), OPEN_NEW, 0600);
                Arena arena = Arena.ofConfined()) {
            fd.pwriteFully(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes), 0);
            fd.fsync();
        }
    }

    private static void syncDirectory(Path directory) {
        try (Fd fd = Fd.open(directory.toString(), Fd.O_RDONLY | Fd.O_DIRECTORY, 0)) {
            fd.fsync();
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
