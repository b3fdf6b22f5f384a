package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Which pages of a memory differ from its base, and which of these hold only zeroes: runs of pages in ascending order, which
 * neither overlap nor, of one kind, touch.
 *
 * <p>On disk each run is two 32-bit words, little endian: the number of its first page; how many pages it has, with bit 31
 * set when they are zero.
 */
final class ChangeIndex {
    static final ChangeIndex NOTHING = new ChangeIndex(new int[0], new int[0], 0);

    /** Bytes of a run on disk. */
    static final int RUN_BYTES = 8;

    private static final int ZERO = 1 << 31;

    private final int[] firsts;
    private final int[] lengths;
    private final int count;
    private final long dataPages;

    private ChangeIndex(int[] firsts, int[] lengths, int count) {
        this.firsts = firsts;
        this.lengths = lengths;
        this.count = count;
        long pages = 0;
        for (int i = 0; i < count; i++) {
            pages += isZero(i) ? 0 : pages(i);
        }
        dataPages = pages;
    }

    /** How many runs there are. */
    int count() {
        return count;
    }

    /** The first page of a run. */
    int first(int run) {
        return firsts[run];
    }

    /** How many pages a run has. */
    int pages(int run) {
        return lengths[run] & ~ZERO;
    }

    /** Whether the pages of a run hold only zeroes. */
    boolean isZero(int run) {
        return (lengths[run] & ZERO) != 0;
    }

    /** Bytes of all pages that are not zero. */
    long dataBytes() {
        return dataPages * MemoryFile.PAGE;
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(count * RUN_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            out.putInt(firsts[i]).putInt(lengths[i]);
        }
        return out.array();
    }

    /**
     * Reads what {@link #encode} made, for a memory of so many pages.
     *
     * @throws CorruptStateException when it is anything else
     */
    static ChangeIndex decode(byte[] bytes, long pages) {
        CorruptStateException.require(bytes.length % RUN_BYTES == 0, "an index of " + bytes.length + " bytes");
        int count = bytes.length / RUN_BYTES;
        CorruptStateException.require(count <= Limits.MAX_CHANGE_RUNS, count + " runs of changed pages");
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        ChangeIndex index = new ChangeIndex(new int[count], new int[count], 0);
        long end = 0;
        boolean zero = false;
        for (int i = 0; i < count; i++) {
            index.firsts[i] = in.getInt();
            index.lengths[i] = in.getInt();
            int first = index.firsts[i];
            CorruptStateException.require(
                    first >= end && index.pages(i) > 0 && (i == 0 || first > end || index.isZero(i) != zero),
                    "changed pages out of order");
            end = first + (long) index.pages(i);
            zero = index.isZero(i);
        }
        CorruptStateException.require(end <= pages, "changed pages outside the memory");
        return new ChangeIndex(index.firsts, index.lengths, count);
    }

    /** Collects pages in ascending order. */
    static final class Builder {
        private int[] firsts = new int[64];
        private int[] lengths = new int[64];
        private int count;
        private int end;

        /**
         * Appends a page behind those that were appended before.
         *
         * @return false when there are too many runs to go on
         */
        boolean add(int page, boolean zero) {
            int kind = zero ? ZERO : 0;
            if (count > 0 && end == page && (lengths[count - 1] & ZERO) == kind) {
                lengths[count - 1]++;
            } else if (count == Limits.MAX_CHANGE_RUNS) {
                return false;
            } else {
                if (count == firsts.length) {
                    firsts = Arrays.copyOf(firsts, 2 * count);
                    lengths = Arrays.copyOf(lengths, 2 * count);
                }
                firsts[count] = page;
                lengths[count] = 1 | kind;
                count++;
            }
            end = page + 1;
            return true;
        }

        ChangeIndex build() {
            return new ChangeIndex(Arrays.copyOf(firsts, count), Arrays.copyOf(lengths, count), count);
        }
    }
}
