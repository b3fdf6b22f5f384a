package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A word of the driver's memory in which the device says what an interrupt is for, in place of InterruptStatus (virtio 1.2 §4.2.2):
 * reading and acknowledging that costs two exits for each interrupt. "Used buffer" is never set in it: the driver looks
 * at its rings at each interrupt. Our guest kernel asks for it by {@link MmioRegister#INTERRUPT_WORD_LOW}; see docs/adr/0017.
 */
final class InterruptWord {
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle VALUE = LE32.varHandle();

    private final MemorySegment word;

    /**
     * @param address guest-physical, of 4 bytes
     * @throws GuestLieException when it is not a multiple of 4 or not in RAM
     */
    InterruptWord(GuestMemory memory, long address) {
        if (address % LE32.byteAlignment() != 0) {
            throw new GuestLieException("interrupt word at 0x" + Long.toHexString(address));
        }
        word = memory.slice(address, LE32.byteSize());
    }

    /** Sets bits of InterruptStatus, without losing those that the driver takes at this moment. */
    void set(int bits) {
        int _ = (int) VALUE.getAndBitwiseOr(word, 0L, bits);
    }
}
