package cloud.ignition.vmm.virtio.rng;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * The entropy device's own state. Never random bytes: two machines restored from one snapshot must differ.
 *
 * @param bytesServed since the machine's first boot
 */
public record RngState(long bytesServed) {
    public RngState {
        CorruptStateException.require(bytesServed >= 0, "entropy served " + bytesServed);
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u64(bytesServed);
    }

    /** Reads what {@link #write} wrote. */
    public static RngState read(StateReader in) {
        return new RngState(in.u64());
    }
}
