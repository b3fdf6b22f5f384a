package cloud.ignition.vmm.virtio.console;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import java.util.Arrays;

/**
 * The console's own state.
 *
 * @param pendingInput input the guest has not taken yet, at most {@link Limits#CONSOLE_INPUT_BYTES}; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // equals, hashCode and copies are done by hand
public record ConsoleState(byte[] pendingInput) {
    public ConsoleState {
        pendingInput = pendingInput.clone();
        CorruptStateException.require(
                pendingInput.length <= Limits.CONSOLE_INPUT_BYTES, "console input of " + pendingInput.length);
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.bytes(pendingInput);
    }

    /** Reads what {@link #write} wrote. */
    public static ConsoleState read(StateReader in) {
        return new ConsoleState(in.bytes(Limits.CONSOLE_INPUT_BYTES));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConsoleState state && Arrays.equals(pendingInput, state.pendingInput);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(pendingInput);
    }

    @Override
    public String toString() {
        return "ConsoleState[" + pendingInput.length + " bytes]";
    }
}
