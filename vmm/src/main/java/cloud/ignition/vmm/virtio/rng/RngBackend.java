package cloud.ignition.vmm.virtio.rng;

import cloud.ignition.linux.RandomBytes;
import java.lang.foreign.MemorySegment;

/** A source of random bytes. */
@FunctionalInterface
public interface RngBackend {
    /** Fills guest memory with random bytes. */
    void fill(MemorySegment target);

    /** The host kernel's generator, getrandom(2). */
    static RngBackend host() {
        return RandomBytes::fill;
    }
}
