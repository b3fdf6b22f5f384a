package cloud.ignition.vmm.virtio.block;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * What a guest believes of its disk: a machine restored onto another one would corrupt its file systems.
 *
 * @param sectors of 512 bytes
 * @param readOnly whether the guest may write
 */
public record BlockState(long sectors, boolean readOnly) {
    public BlockState {
        CorruptStateException.require(
                sectors >= 0 && sectors <= Long.MAX_VALUE >> 9, "disk of " + sectors + " sectors");
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u64(sectors).bool(readOnly);
    }

    /** Reads what {@link #write} wrote. */
    public static BlockState read(StateReader in) {
        return new BlockState(in.u64(), in.bool());
    }
}
