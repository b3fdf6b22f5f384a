package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.memory.FreePages;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Makes a snapshot with changes beside its memory a whole one, without a machine. */
public final class SnapshotCompactor {
    private SnapshotCompactor() {}

    /** See {@link cloud.ignition.vmm.Snapshot#compact}. */
    public static boolean compact(Path from, Path to, BooleanSupplier givenUp) {
        SnapshotManifest manifest = SnapshotManifest.read(from);
        byte[] state = SnapshotFile.read(from, SnapshotWriter.STATE_FILE, Limits.MAX_STATE_BYTES);
        // What is written again gets checksums that fit, so it must be whole.
        SnapshotReader.verify(from);
        try (Mmap memory = Mmap.reserved(manifest.shape().memoryBytes())) {
            FreePages free = new FreePages(memory);
            SnapshotReader.loadMemory(from, manifest, memory, free, WorkingSet.NONE);
            long most = manifest.memoryDataBytes() + manifest.changes().dataBytes();
            return SnapshotWriter.write(
                            to,
                            new SavedMachine(manifest.shape(), manifest.host(), state, manifest.subject()),
                            new MemoryToSave(
                                    memory,
                                    free,
                                    () -> Math.min(most, memory.size()),
                                    WorkingSet.read(from, memory.size()),
                                    null),
                            givenUp)
                    .isPresent();
        }
    }
}
