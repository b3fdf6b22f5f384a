package cloud.ignition.vmm;

import java.lang.foreign.MemorySegment;

/** A door into the package, for benchmarks: a machine's memory, to be written as its guest would. */
public final class GuestRam {
    private GuestRam() {}

    /** All of it, in one piece. */
    public static MemorySegment of(MicroVm machine) {
        return machine.ram();
    }
}
