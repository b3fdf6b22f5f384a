package cloud.ignition.vmm.virtio.queue;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.Limits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * The device half of a split virtqueue (virtio 1.2 §2.7).
 *
 * <p>The driver half runs in the guest at the same time and is hostile. Every guest-written field is read once, then
 * checked; nothing is read again. Anything that no correct driver does is a {@link GuestLieException}, after which the
 * queue must not be used until it is reset.
 *
 * <p>Use: {@link #next}, work on the chain, {@link #complete}, {@link #publish}; when done for now,
 * {@link #takeInterruptDue}. Not safe for use by several threads at once: the transport's lock guards it.
 */
public final class SplitQueue {
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int DESCRIPTOR_ALIGNMENT = 16;
    private static final int AVAIL_ALIGNMENT = 2;
    private static final int USED_ALIGNMENT = 4;
    private static final int RING_INDEX = 2;
    private static final int RING_ENTRIES = 4;
    private static final int AVAIL_ENTRY_BYTES = 2;
    private static final int USED_ENTRY_BYTES = 8;

    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;
    private static final int F_INDIRECT = 4;
    private static final int AVAIL_F_NO_INTERRUPT = 1;

    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32_ANY = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort LE16_ANY =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64_ANY =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle RING_INDEX_HANDLE = LE16.varHandle();

    private final GuestMemory memory;
    private final int maxSize;
    private final DescriptorChain chain;

    private int size;
    private boolean ready;
    private long descriptorAddress;
    private long availAddress;
    private long usedAddress;

    private MemorySegment descriptors = MemorySegment.NULL;
    private MemorySegment avail = MemorySegment.NULL;
    private MemorySegment used = MemorySegment.NULL;
    private boolean eventIdx;
    private boolean indirect;

    /** Handed to somebody else, who works on it now. */
    private boolean away;

    private int nextAvail;
    private int availSeen;
    private int nextUsed;
    private int published;
    private int interrupted;

    /** @param maxSize largest size a driver may choose: a power of two up to {@link Limits#QUEUE_SIZE} */
    public SplitQueue(GuestMemory memory, int maxSize) {
        if (maxSize <= 0 || maxSize > Limits.QUEUE_SIZE || Integer.bitCount(maxSize) != 1) {
            throw new IllegalArgumentException("queue size " + maxSize);
        }
        this.memory = memory;
        this.maxSize = maxSize;
        this.chain = new DescriptorChain(memory, Limits.CHAIN_DESCRIPTORS);
    }

    /** The machine's memory. */
    public GuestMemory memory() {
        return memory;
    }

    /** The largest size the driver may choose. */
    public int maxSize() {
        return maxSize;
    }

    /** The size the driver chose, or 0. */
    public int size() {
        return size;
    }

    /** Whether the device uses the queue. */
    public boolean isReady() {
        return ready;
    }

    /**
     * The driver chooses a size.
     *
     * @throws GuestLieException when it is not a power of two up to {@link #maxSize}
     */
    public void setSize(int chosen) {
        requireNotReady();
        if (chosen <= 0 || chosen > maxSize || Integer.bitCount(chosen) != 1) {
            throw new GuestLieException("queue size " + Integer.toUnsignedString(chosen));
        }
        size = chosen;
    }

    /** gpa of the descriptor table. */
    public long descriptorAddress() {
        return descriptorAddress;
    }

    /** gpa of the available ring. */
    public long availAddress() {
        return availAddress;
    }

    /** gpa of the used ring. */
    public long usedAddress() {
        return usedAddress;
    }

    /** The driver tells where the three parts lie; checked by {@link #enable}. */
    public void setAddresses(long descriptorTable, long availRing, long usedRing) {
        requireNotReady();
        descriptorAddress = descriptorTable;
        availAddress = availRing;
        usedAddress = usedRing;
    }

    /**
     * The driver has set up the queue: it can be used from now on.
     *
     * @param useEventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param useIndirect whether VIRTIO_F_INDIRECT_DESC was negotiated
     * @throws GuestLieException when there is no size, or a part is misaligned or not in RAM
     */
    public void enable(boolean useEventIdx, boolean useIndirect) {
        requireNotReady();
        if (size == 0) {
            throw new GuestLieException("queue made ready without a size");
        }
        eventIdx = useEventIdx;
        indirect = useIndirect;
        // §2.7: both rings have a 16-bit event field behind their entries
        descriptors = part("descriptor table", descriptorAddress, DESCRIPTOR_ALIGNMENT, size * DESCRIPTOR_BYTES);
        avail = part("available ring", availAddress, AVAIL_ALIGNMENT, RING_ENTRIES + size * AVAIL_ENTRY_BYTES + 2);
        used = part("used ring", usedAddress, USED_ALIGNMENT, RING_ENTRIES + size * USED_ENTRY_BYTES + 2);
        ready = true;
    }

    /** The driver stops the queue; addresses and size stay. */
    public void disable() {
        ready = false;
        away = false;
        descriptors = MemorySegment.NULL;
        avail = MemorySegment.NULL;
        used = MemorySegment.NULL;
        nextAvail = 0;
        availSeen = 0;
        nextUsed = 0;
        published = 0;
        interrupted = 0;
    }

    /** Back to the state after a device reset. */
    public void reset() {
        disable();
        size = 0;
        descriptorAddress = 0;
        availAddress = 0;
        usedAddress = 0;
    }

    /**
     * Takes the next request.
     *
     * <p>When there is none, the driver is asked to notify of the next one, without a gap in which one could be missed.
     *
     * @return the queue's chain object, filled anew; null when there is no request or the queue is not ready
     * @throws GuestLieException when the ring or the chain is not as a driver makes it
     */
    public @Nullable DescriptorChain next() {
        if (!ready || away || (nextAvail == availSeen && !refill())) {
            return null;
        }
        long slot = RING_ENTRIES + (long) (nextAvail & (size - 1)) * AVAIL_ENTRY_BYTES;
        int head = Short.toUnsignedInt(avail.get(LE16, slot));
        if (head >= size) {
            throw new GuestLieException("available ring names descriptor " + head + " of " + size);
        }
        chain.start(head);
        parse(descriptors, head, size, false);
        nextAvail = (nextAvail + 1) & 0xffff;
        return chain;
    }

    /** Gives the last {@code chains} taken chains back, as if never taken. They must not have been completed. */
    public void giveBack(int chains) {
        nextAvail = (nextAvail - chains) & 0xffff;
    }

    /**
     * Enters a request into the used ring; the driver sees it with the next {@link #publish}.
     *
     * @param head the chain's head
     * @param written bytes written to its writable pieces, from the first one on
     */
    public void complete(int head, long written) {
        long slot = RING_ENTRIES + (long) (nextUsed & (size - 1)) * USED_ENTRY_BYTES;
        used.set(LE32, slot, head);
        used.set(LE32, slot + Integer.BYTES, (int) written);
        nextUsed = (nextUsed + 1) & 0xffff;
    }

    /** Shows the driver everything completed so far, at once. */
    public void publish() {
        if (ready && published != nextUsed) {
            published = nextUsed;
            RING_INDEX_HANDLE.setRelease(used, (long) RING_INDEX, (short) nextUsed); // entries before index
        }
    }

    /** Whether what was published since the last call wants an interrupt; the caller then raises one. */
    public boolean takeInterruptDue() {
        if (!ready || interrupted == published) {
            return false;
        }
        int before = interrupted;
        interrupted = published;
        VarHandle.fullFence(); // our index must be out before we look what the driver wants (§2.7.7)
        if (!eventIdx) {
            return (avail.get(LE16, 0) & AVAIL_F_NO_INTERRUPT) == 0;
        }
        int usedEvent = Short.toUnsignedInt(avail.get(LE16, RING_ENTRIES + (long) size * AVAIL_ENTRY_BYTES));
        return ((published - usedEvent - 1) & 0xffff) < ((published - before) & 0xffff);
    }

    /**
     * Where in this process a ready queue's parts lie, all checked to be in the guest's RAM, and where it stands.
     *
     * @param size in descriptors
     * @param nextAvail 16-bit index of the next available entry to take
     * @param descriptors address of the descriptor table
     * @param avail address of the available ring
     * @param used address of the used ring
     */
    public record Rings(int size, int nextAvail, long descriptors, long avail, long used) {}

    /** What somebody needs who is to work on a ready queue in this object's place. */
    public Rings rings() {
        if (!ready) {
            throw new IllegalStateException("queue is not ready");
        }
        return new Rings(size, nextAvail, descriptors.address(), avail.address(), used.address());
    }

    /** Somebody else works on the queue until {@link #takeBack}: there is nothing in it for this object meanwhile. */
    public void handOver() {
        away = true;
    }

    /**
     * Goes on where somebody else stopped, who left no chain that was taken and not completed, and interrupted the driver itself.
     *
     * @param stand 16-bit index of the next available entry to take
     */
    public void takeBack(int stand) {
        if (!ready || !away) {
            throw new IllegalStateException("queue is not somebody else's");
        }
        away = false;
        nextAvail = stand;
        availSeen = stand;
        // The other one wrote it there. So may have the guest, who then sees no completion of its own: 16 bits are an
        // index in any case.
        nextUsed = Short.toUnsignedInt((short) RING_INDEX_HANDLE.getAcquire(used, (long) RING_INDEX));
        published = nextUsed;
        interrupted = nextUsed;
    }

    /** The state as it is now; chains taken must be completed and published, or given back. */
    public QueueState save() {
        if (away) {
            throw new IllegalStateException("queue is somebody else's");
        }
        return new QueueState(size, ready, descriptorAddress, availAddress, usedAddress, nextAvail, nextUsed);
    }

    /**
     * Takes over a saved state.
     *
     * @throws CorruptStateException when the state cannot be that of this queue
     */
    public void restore(QueueState state, boolean useEventIdx, boolean useIndirect) {
        reset();
        // Not maxSize: the daemon that saved it may have offered more, and the driver keeps its choice.
        CorruptStateException.require(
                state.size() <= Limits.QUEUE_SIZE, "queue size " + state.size() + " over " + Limits.QUEUE_SIZE);
        size = state.size();
        setAddresses(state.descriptorAddress(), state.availAddress(), state.usedAddress());
        if (!state.ready()) {
            return;
        }
        try {
            enable(useEventIdx, useIndirect);
        } catch (GuestLieException e) {
            throw new CorruptStateException("queue does not fit the machine: " + e.getMessage(), e);
        }
        nextAvail = state.nextAvail();
        availSeen = nextAvail;
        nextUsed = state.nextUsed();
        published = nextUsed;
        interrupted = published; // an interrupt on its way is in the transport's interrupt status
    }

    private boolean refill() {
        loadAvailIndex();
        if (nextAvail != availSeen || !eventIdx) {
            return nextAvail != availSeen;
        }
        used.set(LE16, RING_ENTRIES + (long) size * USED_ENTRY_BYTES, (short) nextAvail);
        VarHandle.fullFence(); // our wish must be out before we look for a last time (§2.7.10)
        loadAvailIndex();
        return nextAvail != availSeen;
    }

    private void loadAvailIndex() {
        int index = Short.toUnsignedInt((short) RING_INDEX_HANDLE.getAcquire(avail, (long) RING_INDEX));
        int pending = (index - nextAvail) & 0xffff;
        if (pending > size) {
            throw new GuestLieException("available index jumps by " + pending + " in a queue of " + size);
        }
        availSeen = index;
    }

    /** Follows a chain through a table; it cannot be longer than the table unless it loops. */
    private void parse(MemorySegment table, int first, int entries, boolean inner) {
        int index = first;
        for (int seen = 0; ; seen++) {
            if (seen == entries || chain.count() == Limits.CHAIN_DESCRIPTORS) {
                throw new GuestLieException(
                        "descriptor chain loops or is longer than " + Math.min(entries, Limits.CHAIN_DESCRIPTORS));
            }
            long at = (long) index * DESCRIPTOR_BYTES;
            long address = table.get(LE64_ANY, at);
            int length = table.get(LE32_ANY, at + 8);
            int flags = table.get(LE16_ANY, at + 12);
            int next = Short.toUnsignedInt(table.get(LE16_ANY, at + 14));
            if ((flags & F_INDIRECT) != 0) {
                parseIndirect(inner, address, length, flags);
                return;
            }
            append(address, length, (flags & F_WRITE) != 0);
            if ((flags & F_NEXT) == 0) {
                return;
            }
            if (next >= entries) {
                throw new GuestLieException("descriptor " + index + " goes on at " + next + " of " + entries);
            }
            index = next;
        }
    }

    private void parseIndirect(boolean inner, long address, int length, int flags) {
        if (!indirect || inner || (flags & F_NEXT) != 0) {
            throw new GuestLieException("indirect descriptor that is "
                    + (!indirect ? "not negotiated" : inner ? "nested" : "followed by another"));
        }
        int entries = length / DESCRIPTOR_BYTES;
        if (length <= 0 || length % DESCRIPTOR_BYTES != 0 || entries > Limits.CHAIN_DESCRIPTORS) {
            throw new GuestLieException("indirect table of " + Integer.toUnsignedString(length) + " bytes");
        }
        parse(memory.slice(address, length), 0, entries, true);
    }

    private void append(long address, int length, boolean writable) {
        if (length <= 0) {
            throw new GuestLieException("descriptor of " + Integer.toUnsignedString(length) + " bytes");
        }
        if (!memory.contains(address, length)) {
            throw new GuestLieException(
                    "descriptor of " + length + " bytes at 0x" + Long.toHexString(address) + " is not in RAM");
        }
        if (!writable && chain.hasWritable()) {
            throw new GuestLieException("readable descriptor behind a writable one");
        }
        chain.append(address, length, writable);
    }

    private MemorySegment part(String what, long address, int alignment, int length) {
        if ((address & (alignment - 1)) != 0) {
            throw new GuestLieException(what + " at 0x" + Long.toHexString(address) + " is not aligned");
        }
        if (!memory.contains(address, length)) {
            throw new GuestLieException(what + " at 0x" + Long.toHexString(address) + " is not in RAM");
        }
        return memory.slice(address, length);
    }

    private void requireNotReady() {
        if (ready) {
            throw new IllegalStateException("queue is ready");
        }
    }
}
