package cloud.ignition.vmm.virtio.queue;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * The state of one {@link SplitQueue}. What is in flight lies in guest memory; these are the device's own positions.
 *
 * @param size chosen by the driver, in descriptors: a power of two, or 0 before it chose
 * @param ready whether the device uses the queue
 * @param descriptorAddress gpa of the descriptor table
 * @param availAddress gpa of the available ring (driver area)
 * @param usedAddress gpa of the used ring (device area)
 * @param nextAvail 16-bit index of the next available entry to take
 * @param nextUsed 16-bit index of the next used entry to write
 */
public record QueueState(
        int size,
        boolean ready,
        long descriptorAddress,
        long availAddress,
        long usedAddress,
        int nextAvail,
        int nextUsed) {
    /** A queue that no driver has touched. */
    public static final QueueState RESET = new QueueState(0, false, 0, 0, 0, 0, 0);

    private static final int MAX_SIZE = 1 << 15;

    public QueueState {
        CorruptStateException.require(
                size >= 0 && size <= MAX_SIZE && Integer.bitCount(size) <= 1, "queue size " + size);
        CorruptStateException.require(!ready || size > 0, "a ready queue of size 0");
        CorruptStateException.require(nextAvail >= 0 && nextAvail <= 0xffff, "queue position " + nextAvail);
        CorruptStateException.require(nextUsed >= 0 && nextUsed <= 0xffff, "queue position " + nextUsed);
        CorruptStateException.require(ready || (nextAvail == 0 && nextUsed == 0), "positions in a queue not in use");
        // §2.7: 16, 2 and 4 bytes
        CorruptStateException.require(
                !ready || (descriptorAddress % 16 == 0 && availAddress % 2 == 0 && usedAddress % 4 == 0),
                "a misaligned queue");
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u16(size).bool(ready).u64(descriptorAddress).u64(availAddress).u64(usedAddress);
        out.u16(nextAvail).u16(nextUsed);
    }

    /** Reads what {@link #write} wrote. */
    public static QueueState read(StateReader in) {
        return new QueueState(in.u16(), in.bool(), in.u64(), in.u64(), in.u64(), in.u16(), in.u16());
    }
}
