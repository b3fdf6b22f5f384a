package cloud.ignition.vmm.doorbell;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * What a doorbell keeps over a save.
 *
 * @param pageFrame number of the shared page's 4 KiB frame, 0 before the guest named it
 * @param answering whether the guest stands right behind the doorbell instruction, and so looks for a new generation by
 *     itself; one that was stopped elsewhere has to be told by an interrupt
 */
public record DoorbellState(long pageFrame, boolean answering) {
    /**
     * @throws CorruptStateException when the frame number has more than 32 bits
     */
    public DoorbellState {
        CorruptStateException.require(
                pageFrame >= 0 && pageFrame <= 0xffff_ffffL, "a doorbell page frame of more than 32 bits");
    }

    /** Appends the state. */
    public void write(StateWriter out) {
        out.u32((int) pageFrame).bool(answering);
    }

    /** Reads what {@link #write} wrote. */
    public static DoorbellState read(StateReader in) {
        return new DoorbellState(Integer.toUnsignedLong(in.u32()), in.bool());
    }
}
