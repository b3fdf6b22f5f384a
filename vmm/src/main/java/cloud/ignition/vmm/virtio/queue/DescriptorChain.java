package cloud.ignition.vmm.virtio.queue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.IoVector;
import java.lang.foreign.MemorySegment;

/**
 * One request of the driver: pieces of guest memory, first those the device reads, then those it writes.
 *
 * <p>Every piece was checked to lie in RAM when {@link SplitQueue#next} filled the chain, and the descriptors are not
 * looked at again. The <em>contents</em> of the pieces stay the guest's: read each byte once. A queue has one chain
 * object and fills it again with each request.
 */
public final class DescriptorChain {
    private final GuestMemory memory;
    private final long[] addresses;
    private final int[] lengths;
    private int head;
    private int readable;
    private int count;
    private long readableBytes;
    private long writableBytes;

    DescriptorChain(GuestMemory memory, int capacity) {
        this.memory = memory;
        this.addresses = new long[capacity];
        this.lengths = new int[capacity];
    }

    /** Index of the first descriptor: what the used ring calls this request. */
    public int head() {
        return head;
    }

    /** Bytes the device may read. */
    public long readableBytes() {
        return readableBytes;
    }

    /** Bytes the device may write. */
    public long writableBytes() {
        return writableBytes;
    }

    /** Number of pieces the device may write. */
    public int writablePieces() {
        return count - readable;
    }

    /** Length in bytes of a piece the device may write; {@code 0 <= index < writablePieces()}. */
    public int writableLength(int index) {
        return lengths[readable + index];
    }

    /** Guest physical address of a piece the device may write; {@code 0 <= index < writablePieces()}. */
    public long writableAddress(int index) {
        return addresses[readable + index];
    }

    /** Guest physical address of the last byte the device may write; there must be one. */
    public long lastWritableAddress() {
        return addresses[count - 1] + lengths[count - 1] - 1;
    }

    /** A piece the device may write; {@code 0 <= index < writablePieces()}. */
    public MemorySegment writablePiece(int index) {
        return memory.slice(writableAddress(index), writableLength(index));
    }

    /**
     * Copies bytes the device may read.
     *
     * @param offset first byte, counted over the readable pieces
     * @param into takes as many bytes as it is long; {@code offset + into.byteSize() <= readableBytes()}
     */
    public void read(long offset, MemorySegment into) {
        copy(0, readable, offset, into, true);
    }

    /**
     * Copies bytes to where the device may write.
     *
     * @param offset first byte, counted over the writable pieces
     * @param from copied wholly; {@code offset + from.byteSize() <= writableBytes()}
     */
    public void write(long offset, MemorySegment from) {
        copy(readable, count, offset, from, false);
    }

    /** Appends the readable bytes {@code [offset, offset + length)} to an iovec; at most one entry for each piece. */
    public void addReadable(IoVector vector, long offset, long length) {
        add(vector, 0, readable, offset, length);
    }

    /** Appends the writable bytes {@code [offset, offset + length)} to an iovec; at most one entry for each piece. */
    public void addWritable(IoVector vector, long offset, long length) {
        add(vector, readable, count, offset, length);
    }

    void start(int newHead) {
        head = newHead;
        readable = 0;
        count = 0;
        readableBytes = 0;
        writableBytes = 0;
    }

    /** Takes one piece, already checked to lie in RAM. Readable ones come first. */
    void append(long address, int length, boolean writable) {
        addresses[count] = address;
        lengths[count] = length;
        count++;
        if (writable) {
            writableBytes += length;
        } else {
            readable = count;
            readableBytes += length;
        }
    }

    boolean hasWritable() {
        return count > readable;
    }

    int count() {
        return count;
    }

    private void copy(int from, int to, long offset, MemorySegment other, boolean out) {
        long skip = offset;
        long done = 0;
        for (int i = from; i < to && done < other.byteSize(); i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            long n = Math.min(lengths[i] - skip, other.byteSize() - done);
            MemorySegment piece = memory.slice(addresses[i] + skip, n);
            if (out) {
                MemorySegment.copy(piece, JAVA_BYTE, 0, other, JAVA_BYTE, done, n);
            } else {
                MemorySegment.copy(other, JAVA_BYTE, done, piece, JAVA_BYTE, 0, n);
            }
            done += n;
            skip = 0;
        }
        checkDone(done, other.byteSize());
    }

    private void add(IoVector vector, int from, int to, long offset, long length) {
        long skip = offset;
        long done = 0;
        for (int i = from; i < to && done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            long n = Math.min(lengths[i] - skip, length - done);
            vector.add(memory.hostAddress(addresses[i] + skip, n), n);
            done += n;
            skip = 0;
        }
        checkDone(done, length);
    }

    private static void checkDone(long done, long wanted) {
        if (done != wanted) {
            throw new IndexOutOfBoundsException((wanted - done) + " bytes behind the end of a descriptor chain");
        }
    }
}
