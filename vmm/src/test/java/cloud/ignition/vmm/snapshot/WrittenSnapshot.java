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

    /** With so many pages of random bytes, spread over the memory. */
    WrittenSnapshot(int pages, long seed) {
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
                SHAPE,
                Samples.host(),
                state,
                memory.segment(),
                new FreePages(memory),
                mostDataBytes,
                new SnapshotSubject(Map.of("image", "sha256:1")));
    }

    long dataBytes() {
        return dataBytes;
    }

    @Override
    public void close() {
        memory.close();
    }
}
