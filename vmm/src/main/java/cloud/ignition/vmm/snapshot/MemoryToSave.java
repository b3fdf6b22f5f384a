package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.memory.FreePages;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a paused machine: nothing changes in it while it is saved.
 *
 * @param memory all RAM in one piece
 * @param free what was given back of it
 * @param mostDataBytes no more bytes of it than these are other than zero
 * @param base the snapshot that it is a private copy of, or null to write all of it
 */
public record MemoryToSave(
        Mmap memory,
        FreePages free,
        long mostDataBytes,
        @Nullable Base base) {}
