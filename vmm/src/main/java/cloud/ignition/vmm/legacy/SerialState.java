package cloud.ignition.vmm.legacy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * The state of a {@link Serial} port: its registers, the interrupt that is due, and the line that is not complete yet.
 *
 * @param divisor 16-bit baud divisor (DLL, DLM)
 * @param interruptEnable IER, low four bits
 * @param lineControl LCR
 * @param modemControl MCR, low five bits
 * @param scratch SCR
 * @param fifoEnabled whether FCR enabled the FIFOs
 * @param transmitterEmptyPending whether the transmitter-empty interrupt was not taken yet: it must be raised again
 * @param received the byte looped back and not read yet, or -1
 * @param partialLine output since the last line end, at most {@link LineAssembler#MAX_LINE} characters
 */
public record SerialState(
        int divisor,
        int interruptEnable,
        int lineControl,
        int modemControl,
        int scratch,
        boolean fifoEnabled,
        boolean transmitterEmptyPending,
        int received,
        String partialLine) {
    public SerialState {
        CorruptStateException.require(divisor >= 0 && divisor <= 0xffff, "serial divisor " + divisor);
        CorruptStateException.require((interruptEnable & ~0x0f) == 0, "serial IER " + interruptEnable);
        CorruptStateException.require((lineControl & ~0xff) == 0, "serial LCR " + lineControl);
        CorruptStateException.require((modemControl & ~0x1f) == 0, "serial MCR " + modemControl);
        CorruptStateException.require((scratch & ~0xff) == 0, "serial SCR " + scratch);
        CorruptStateException.require(received >= -1 && received <= 0xff, "serial RBR " + received);
        CorruptStateException.require(
                partialLine.length() <= LineAssembler.MAX_LINE, "serial line of " + partialLine.length());
        CorruptStateException.require(
                partialLine.chars().allMatch(c -> (c >= ' ' && c < 0x7f) || c == '\t'), "serial line that is not text");
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u16(divisor).u8(interruptEnable).u8(lineControl).u8(modemControl).u8(scratch);
        out.bool(fifoEnabled).bool(transmitterEmptyPending).u16(received + 1).string(partialLine);
    }

    /** Reads what {@link #write} wrote. */
    public static SerialState read(StateReader in) {
        return new SerialState(
                in.u16(),
                in.u8(),
                in.u8(),
                in.u8(),
                in.u8(),
                in.bool(),
                in.bool(),
                in.u16() - 1,
                in.string(LineAssembler.MAX_LINE));
    }
}
