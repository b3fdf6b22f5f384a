package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.memory.FreePages;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;

/** A machine's worth of sample state and memory to write snapshots of; needs no KVM. */
final class WrittenSnapshot implements AutoCloseable {
    private static final MachineShape SHAPE = new MachineShape(1, 64L << 20);

    private final Mmap memory = Mmap.anonymous(SHAPE.memoryBytes());
    private final MachineState state = Samples.machine(1);
    private final long dataBytes;
    private final long seed;

    /** With so many pages of random bytes, spread over the memory. */
    WrittenSnapshot(int pages, long seed) {
        this.seed = seed;
        Random random = new Random(seed);
        MemorySegment all = memory.segment();
        long step = SHAPE.memoryBytes() / pages & -4096;
        byte[] page = new byte[4096];
        for (int i = 0; i < pages; i++) {
            random.nextBytes(page);
            page[0] = 1;
            MemorySegment.copy(page, 0, all, ValueLayout.JAVA_BYTE, i * step, page.length);
        }
        dataBytes = pages * 4096L;
    }

    /** Writes one. */
    void write(Path directory) {
        write(directory, dataBytes);
    }

    /** Writes one, asking for so much room. */
    void write(Path directory, long mostDataBytes) {
        SnapshotWriter.write(
                directory,
                SavedMachine.of(SHAPE, Samples.host(), state, new SnapshotSubject(Map.of("image", "sha256:1"))),
                new MemoryToSave(memory, new FreePages(memory), mostDataBytes, null),
                () -> false);
    }

    /** Restores one and writes it again, with some pages changed. */
    void writeChanged(Path base, Path directory) {
        SnapshotManifest manifest = SnapshotManifest.read(base);
        try (Mmap restored = Mmap.reserved(SHAPE.memoryBytes())) {
            FreePages free = new FreePages(restored);
            SnapshotReader.loadMemory(base, manifest, restored, free);
            for (long page = 3; page < 30; page += 4) {
                restored.segment().asSlice(page * 4096, 4096).fill((byte) (page + seed));
            }
            restored.segment().asSlice(0, 4096).fill((byte) 0); // the first page has data
            SnapshotWriter.write(
                    directory,
                    SavedMachine.of(SHAPE, Samples.host(), state, manifest.subject()),
                    new MemoryToSave(restored, free, dataBytes, new Base(base, manifest)),
                    () -> false);
        }
    }

    long dataBytes() {
        return dataBytes;
    }

    @Override
    public void close() {
        memory.close();
    }
}
