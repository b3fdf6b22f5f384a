package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.memory.FreePages;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a paused machine: nothing changes in it while it is saved.
 *
 * @param memory all RAM in one piece
 * @param free what was given back of it
 * @param mostDataBytes no more bytes of it than these are other than zero; asked only when all of it is written
 * @param workingSet which pages the next machine will need first
 * @param base the snapshot that it is a private copy of, or null to write all of it
 */
public record MemoryToSave(
        Mmap memory,
        FreePages free,
        LongSupplier mostDataBytes,
        WorkingSet workingSet,
        @Nullable Base base) {
    /** Without a working set, of a memory of which it is known how much is not zero. */
    public MemoryToSave(Mmap memory, FreePages free, long mostDataBytes, @Nullable Base base) {
        this(memory, free, () -> mostDataBytes, WorkingSet.NONE, base);
    }
}
