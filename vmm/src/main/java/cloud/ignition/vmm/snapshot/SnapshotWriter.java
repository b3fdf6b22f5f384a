package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

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

    static final int OPEN_NEW = Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL;

    private SnapshotWriter() {}

    /**
     * Writes all of it; the file system is asked for room first. Of the memory only what changed is written when there is a
     * base and its file can be used again.
     *
     * @param directory must not exist; its parent must
     * @param givenUp asked again and again until the snapshot is there
     * @return nothing when it was given up
     * @throws UncheckedIOException when the host's file system refuses or is full; nothing is left behind then
     */
    public static Optional<SnapshotManifest> write(
            Path directory, SavedMachine machine, MemoryToSave memory, BooleanSupplier givenUp) {
        Path temporary = directory.resolveSibling(directory.getFileName() + TEMPORARY_SUFFIX);
        Path parent = Objects.requireNonNull(directory.toAbsolutePath().getParent());
        try {
            if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new IllegalArgumentException("snapshot " + directory + " exists already");
            }
            delete(temporary);
            Optional<ChangeIndex> changes = changes(memory);
            long most = changes.map(ChangeIndex::dataBytes)
                    .orElseGet(() -> memory.mostDataBytes().getAsLong());
            SnapshotSpace.require(parent, most + machine.state().length);
            Files.createDirectory(
                    temporary, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try {
                SnapshotManifest manifest = writeFiles(temporary, machine, memory, changes, givenUp);
                byte[] manifestBytes = manifest.encode();
                SaveGivenUpException.check(givenUp);
                writeDurably(temporary.resolve(SnapshotManifest.FILE), manifestBytes);
                memory.workingSet().write(temporary);
                SaveGivenUpException.check(givenUp);
                syncDirectory(temporary);
                SaveGivenUpException.check(givenUp);
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
                syncDirectory(parent);
                KnownSnapshots.written(directory, manifest, manifestBytes, machine.state());
                return Optional.of(manifest);
            } catch (IOException | RuntimeException e) {
                deleteAfter(e, temporary);
                // Whole, but the file system does not say that it is durable: not a snapshot to rely on.
                deleteAfter(e, directory);
                throw e;
            }
        } catch (SaveGivenUpException e) {
            return Optional.empty();
        } catch (IOException | UncheckedIOException | LinuxException e) {
            throw new UncheckedIOException(
                    "cannot write the snapshot " + directory + ": " + e.getMessage(),
                    e instanceof IOException io ? io : new IOException(e));
        }
    }

    private static Optional<ChangeIndex> changes(MemoryToSave memory) {
        return memory.base() == null ? Optional.empty() : ChangedPages.find(memory.memory(), memory.free());
    }

    private static SnapshotManifest writeFiles(
            Path temporary,
            SavedMachine machine,
            MemoryToSave memory,
            Optional<ChangeIndex> changes,
            BooleanSupplier givenUp)
            throws IOException {
        MemoryFile.Written written;
        ChangeFacts changed = ChangeFacts.NOTHING;
        Base base = memory.base();
        if (base != null && changes.isPresent() && base.linkTo(temporary.resolve(MEMORY_FILE), memory.memory())) {
            SnapshotManifest former = base.manifest();
            written = new MemoryFile.Written(former.memoryDataBytes(), former.memoryCrc32c());
            if (changes.get().count() > 0) {
                changed = writeDurably(
                        temporary.resolve(ChangesFile.NAME),
                        fd -> ChangesFile.write(memory.memory().segment(), changes.get(), fd, givenUp),
                        givenUp);
            }
        } else {
            if (changes.isPresent()) { // the base cannot be used, so more is written than there was asked room for
                SnapshotSpace.require(temporary, memory.mostDataBytes().getAsLong() + machine.state().length);
            }
            written = writeDurably(
                    temporary.resolve(MEMORY_FILE),
                    fd -> MemoryFile.write(memory.memory().segment(), memory.free(), fd, givenUp),
                    givenUp);
        }
        SaveGivenUpException.check(givenUp);
        writeDurably(temporary.resolve(STATE_FILE), machine.state());
        return new SnapshotManifest(
                machine.shape(),
                machine.host(),
                machine.state().length,
                Digests.sha256(machine.state()),
                written.crc32c(),
                written.dataBytes(),
                changed,
                machine.subject());
    }

    private static void deleteAfter(Exception failure, Path half) {
        try {
            delete(half);
        } catch (IOException e) {
            failure.addSuppressed(e); // the next save or the daemon's next start removes it
        }
    }

    private static <T> T writeDurably(Path file, Function<Fd, T> content, BooleanSupplier givenUp) {
        try (Fd fd = Fd.open(file.toString(), OPEN_NEW, 0600)) {
            T written = content.apply(fd);
            SaveGivenUpException.check(givenUp);
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
        for (String name : List.of(SnapshotManifest.FILE, STATE_FILE, ChangesFile.NAME, MEMORY_FILE, WorkingSet.FILE)) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.deleteIfExists(directory);
    }
}
