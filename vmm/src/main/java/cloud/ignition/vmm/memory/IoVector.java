package cloud.ignition.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An array of {@code struct iovec} (readv(2)): pieces of guest memory in the form the kernel takes. Filled again and
 * again without allocation. Not safe for use by several threads at once.
 */
public final class IoVector {
    /** Size of a {@code struct iovec}, in bytes. */
    public static final int ENTRY_BYTES = 16;

    /** Most entries the kernel takes in one call (UIO_MAXIOV). */
    public static final int MAX_ENTRIES = 1024;

    private final MemorySegment entries;
    private final int capacity;
    private int count;
    private long totalBytes;

    /** @param capacity most entries, up to {@link #MAX_ENTRIES} */
    public IoVector(int capacity) {
        if (capacity <= 0 || capacity > MAX_ENTRIES) {
            throw new IllegalArgumentException("iovec of " + capacity + " entries");
        }
        this.capacity = capacity;
        this.entries = Arena.ofAuto().allocate((long) capacity * ENTRY_BYTES, Long.BYTES);
    }

    /**
     * Appends a piece.
     *
     * @param address from {@link GuestMemory#hostAddress}, so inside RAM
     * @param length in bytes
     */
    public void add(long address, long length) {
        if (count == capacity) {
            throw new IllegalStateException("iovec is full: " + capacity);
        }
        long at = (long) count * ENTRY_BYTES;
        entries.set(ValueLayout.JAVA_LONG, at, address);
        entries.set(ValueLayout.JAVA_LONG, at + Long.BYTES, length);
        count++;
        totalBytes += length;
    }

    /** Removes everything. */
    public void clear() {
        count = 0;
        totalBytes = 0;
    }

    /** Appends all pieces of another one. */
    public void addAll(IoVector other) {
        if (other.count > room()) {
            throw new IllegalStateException("iovec of " + count + " entries takes no " + other.count + " more");
        }
        long bytes = (long) other.count * ENTRY_BYTES;
        MemorySegment.copy(other.entries, 0, entries, (long) count * ENTRY_BYTES, bytes);
        count += other.count;
        totalBytes += other.totalBytes;
    }

    /** Removes the first {@code bytes} bytes, at most {@link #totalBytes}: what a call has dealt with already. */
    public void skip(long bytes) {
        if (bytes < 0 || bytes > totalBytes) {
            throw new IllegalArgumentException("skips " + bytes + " of " + totalBytes + " bytes");
        }
        long left = bytes;
        int whole = 0;
        while (whole < count && left >= length(whole)) {
            left -= length(whole++);
        }
        removeFirst(whole);
        if (left > 0) {
            entries.set(ValueLayout.JAVA_LONG, 0, address(0) + left);
            entries.set(ValueLayout.JAVA_LONG, Long.BYTES, length(0) - left);
            totalBytes -= left;
        }
    }

    /** Removes the first {@code n} entries. */
    public void removeFirst(int n) {
        for (int i = 0; i < n; i++) {
            totalBytes -= length(i);
        }
        count -= n;
        MemorySegment.copy(entries, (long) n * ENTRY_BYTES, entries, 0, (long) count * ENTRY_BYTES);
    }

    /** The array itself, for readv and writev. */
    public MemorySegment segment() {
        return entries;
    }

    /** Entries in use. */
    public int count() {
        return count;
    }

    /** Entries that still fit. */
    public int room() {
        return capacity - count;
    }

    /** Address in this process of a piece. */
    public long address(int index) {
        return entries.get(ValueLayout.JAVA_LONG, (long) index * ENTRY_BYTES);
    }

    /** Length of a piece, in bytes. */
    public long length(int index) {
        return entries.get(ValueLayout.JAVA_LONG, (long) index * ENTRY_BYTES + Long.BYTES);
    }

    /** Length of all pieces, in bytes. */
    public long totalBytes() {
        return totalBytes;
    }
}
