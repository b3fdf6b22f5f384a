package cloud.ignition.vmm;

import cloud.ignition.vmm.snapshot.SnapshotCompactor;
import cloud.ignition.vmm.snapshot.SnapshotManifest;
import cloud.ignition.vmm.snapshot.SnapshotReader;
import cloud.ignition.vmm.snapshot.SnapshotWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * What a snapshot directory holds, as far as its owner needs to know; docs/snapshot-format.md.
 *
 * @param shape the saved machine's shape
 * @param subject what it is a snapshot of, as given to {@link MicroVm#save}
 * @param memoryDataBytes bytes of memory that are not all zero, about what it takes on disk
 * @param changedBytes of pages that were changed since and are beside that memory
 */
public record Snapshot(MachineShape shape, SnapshotSubject subject, long memoryDataBytes, long changedBytes) {
    /** What the name of a snapshot ends with that was not finished. Whoever finds one at a start may delete it. */
    public static final String TEMPORARY_SUFFIX = SnapshotWriter.TEMPORARY_SUFFIX;

    /**
     * Reads the manifest only; cheap.
     *
     * @throws SnapshotRefusedException when there is none, or it is damaged or of another format
     */
    public static Snapshot describe(Path directory) {
        return of(SnapshotManifest.read(directory));
    }

    static Snapshot of(SnapshotManifest manifest) {
        return new Snapshot(
                manifest.shape(),
                manifest.subject(),
                manifest.memoryDataBytes(),
                manifest.changes().dataBytes());
    }

    /** Whether it has so many changes that a restore is quicker when they are made one with the memory. */
    public boolean isToBeCompacted() {
        return changedBytes > Limits.COMPACTED_CHANGE_BYTES;
    }

    /**
     * Writes the same snapshot again, its changes made one with its memory. Takes as long as writing all of the memory.
     *
     * @param to must not exist; it is there whole or not at all
     * @param givenUp asked again and again: once it says so, nothing is written
     * @return whether it was written
     * @throws SnapshotRefusedException when the snapshot is damaged or gone
     * @throws java.io.UncheckedIOException when the file system refuses or has no room for it
     */
    public static boolean compact(Path from, Path to, BooleanSupplier givenUp) {
        return SnapshotCompactor.compact(from, to, givenUp);
    }

    /**
     * Reads all of it and compares every digest; takes as long as reading the memory file does.
     *
     * @throws SnapshotRefusedException when anything is missing or not as it was written
     */
    public static void verify(Path directory) {
        SnapshotReader.verify(directory);
    }

    /**
     * Removes a snapshot directory, whole or unfinished; nothing happens when there is none.
     *
     * @throws IOException when the host refuses, or something is in it that does not belong there
     */
    public static void delete(Path directory) throws IOException {
        SnapshotWriter.delete(directory);
    }
}
