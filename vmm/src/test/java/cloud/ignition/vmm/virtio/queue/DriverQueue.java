package cloud.ignition.vmm.virtio.queue;

import cloud.ignition.vmm.memory.GuestMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The driver half of a split virtqueue in plain memory: what a guest does, without a guest. The upper methods do it
 * right; the raw ones below write anything anywhere.
 */
public final class DriverQueue {
    public static final int F_NEXT = 1;
    public static final int F_WRITE = 2;
    public static final int F_INDIRECT = 4;

    /** A piece of a request. */
    public record Buffer(long address, int length, boolean writable) {
        /** The device reads it. */
        public static Buffer readable(long address, int length) {
            return new Buffer(address, length, false);
        }

        /** The device writes it. */
        public static Buffer writable(long address, int length) {
            return new Buffer(address, length, true);
        }
    }

    /** An entry of the used ring. */
    public record Used(int head, long length) {}

    private final GuestMemory memory;
    private final long descriptors;
    private final long avail;
    private final long used;
    private final int size;
    private final Deque<Integer> free = new ArrayDeque<>();
    private final Map<Integer, List<Integer>> inFlight = new HashMap<>();
    private int availIndex;
    private int usedIndex;

    /** @param base gpa, page-aligned; takes {@link #bytes} from there */
    public DriverQueue(GuestMemory memory, long base, int size) {
        this.memory = memory;
        this.size = size;
        this.descriptors = base;
        this.avail = base + 16L * size;
        this.used = (avail + 6 + 2L * size + 3) & ~3L;
        for (int i = 0; i < size; i++) {
            free.add(i);
        }
    }

    /** Memory a queue of this size takes. */
    public static int bytes(int size) {
        return 16 * size + 6 + 2 * size + 4 + 6 + 8 * size;
    }

    public int size() {
        return size;
    }

    public long descriptorAddress() {
        return descriptors;
    }

    public long availAddress() {
        return avail;
    }

    public long usedAddress() {
        return used;
    }

    public int freeDescriptors() {
        return free.size();
    }

    /** Makes a request available; returns its head. */
    public int add(Buffer... buffers) {
        List<Integer> chain = new ArrayList<>();
        for (int i = 0; i < buffers.length; i++) {
            chain.add(free.remove());
        }
        for (int i = 0; i < buffers.length; i++) {
            boolean last = i == buffers.length - 1;
            Buffer buffer = buffers[i];
            int flags = (last ? 0 : F_NEXT) | (buffer.writable() ? F_WRITE : 0);
            descriptor(chain.get(i), buffer.address(), buffer.length(), flags, last ? 0 : chain.get(i + 1));
        }
        int head = chain.getFirst();
        inFlight.put(head, chain);
        available(head);
        return head;
    }

    /** Makes a request available whose descriptors lie in a table of their own at {@code table}; returns its head. */
    public int addIndirect(long table, Buffer... buffers) {
        for (int i = 0; i < buffers.length; i++) {
            boolean last = i == buffers.length - 1;
            Buffer buffer = buffers[i];
            int flags = (last ? 0 : F_NEXT) | (buffer.writable() ? F_WRITE : 0);
            descriptorAt(table + 16L * i, buffer.address(), buffer.length(), flags, last ? 0 : i + 1);
        }
        int head = free.remove();
        descriptor(head, table, 16 * buffers.length, F_INDIRECT, 0);
        inFlight.put(head, List.of(head));
        available(head);
        return head;
    }

    /** Where the first buffer of a request lies, by its head, as long as nothing else has taken the descriptor. */
    public long bufferAddress(int head) {
        return memory.getLong(descriptors + 16L * head);
    }

    /** Takes the next used entry, or null; its descriptors are free again. */
    public @Nullable Used takeUsed() {
        if (Short.toUnsignedInt(memory.getShort(used + 2)) == usedIndex) {
            return null;
        }
        long at = used + 4 + 8L * (usedIndex & (size - 1));
        Used entry = new Used(memory.getInt(at), Integer.toUnsignedLong(memory.getInt(at + 4)));
        usedIndex = (usedIndex + 1) & 0xffff;
        List<Integer> chain = inFlight.remove(entry.head());
        if (chain == null) {
            throw new AssertionError("the device used " + entry + ", which is not in flight");
        }
        free.addAll(chain);
        return entry;
    }

    /** All used entries there are. */
    public List<Used> takeAllUsed() {
        List<Used> all = new ArrayList<>();
        for (Used entry = takeUsed(); entry != null; entry = takeUsed()) {
            all.add(entry);
        }
        return all;
    }

    /** Puts a head into the available ring and shows it to the device. */
    public void available(int head) {
        memory.setShort(avail + 4 + 2L * (availIndex & (size - 1)), (short) head);
        setAvailIndex(availIndex + 1);
    }

    public int availIndex() {
        return availIndex;
    }

    public void setAvailIndex(int index) {
        availIndex = index & 0xffff;
        memory.setShort(avail + 2, (short) index);
    }

    /** avail.flags, VIRTQ_AVAIL_F_NO_INTERRUPT. */
    public void setNoInterrupt(boolean suppressed) {
        memory.setShort(avail, (short) (suppressed ? 1 : 0));
    }

    /** used_event: interrupt wanted when the used index passes this. */
    public void setUsedEvent(int index) {
        memory.setShort(avail + 4 + 2L * size, (short) index);
    }

    /** avail_event: the device wants a kick when the available index passes this. */
    public int availEvent() {
        return Short.toUnsignedInt(memory.getShort(used + 4 + 8L * size));
    }

    /** Writes a descriptor of the queue's table. */
    public void descriptor(int index, long address, int length, int flags, int next) {
        descriptorAt(descriptors + 16L * index, address, length, flags, next);
    }

    /** Writes a descriptor anywhere. */
    public void descriptorAt(long at, long address, int length, int flags, int next) {
        memory.setLong(at, address);
        memory.setInt(at + 8, length);
        memory.setShort(at + 12, (short) flags);
        memory.setShort(at + 14, (short) next);
    }
}
