package cloud.ignition.vmm.virtio.queue;

import cloud.ignition.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.util.List;

/** Guest memory without a guest. */
public final class TestRam {
    private static final int PAGE = 4096;

    private TestRam() {}

    /** One zeroed region from gpa 0, freed by the garbage collector. */
    public static GuestMemory of(long bytes) {
        return new GuestMemory(List.of(new GuestMemory.Region(0, Arena.ofAuto().allocate(bytes, PAGE))));
    }
}
