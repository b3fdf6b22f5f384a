package cloud.ignition.vmm.memory;

import java.util.ArrayList;
import java.util.List;

/**
 * Where a machine's RAM lies in guest physical space: from 0 up to the MMIO hole, and what does not fit there from 4 GiB.
 *
 * @param ranges one or two ranges, ascending; their file offsets are contiguous from 0
 */
public record RamLayout(List<RamRange> ranges) {
    /** First guest physical address of the MMIO hole: 3.25 GiB. */
    public static final long HOLE_START = 0xd000_0000L;

    /** First guest physical address behind the MMIO hole: 4 GiB. */
    public static final long HOLE_END = 0x1_0000_0000L;

    /** Granularity of RAM sizes, in bytes. */
    public static final long GRANULE = 1L << 20;

    /** Largest RAM size, in bytes. */
    public static final long MAX_BYTES = 1L << 40;

    /**
     * One contiguous range of RAM.
     *
     * @param gpa guest physical address of the first byte
     * @param length in bytes
     * @param offset of the first byte in the machine's memory mapping and memory file
     */
    public record RamRange(long gpa, long length, long offset) {}

    public RamLayout {
        ranges = List.copyOf(ranges);
    }

    /**
     * The layout of a machine with so much RAM.
     *
     * @param bytes a positive multiple of 1 MiB, at most {@link #MAX_BYTES}
     * @throws IllegalArgumentException for any other size
     */
    public static RamLayout of(long bytes) {
        if (bytes <= 0 || bytes > MAX_BYTES || bytes % GRANULE != 0) {
            throw new IllegalArgumentException("RAM size " + bytes + " is not a multiple of 1 MiB up to 1 TiB");
        }
        List<RamRange> ranges = new ArrayList<>(2);
        long below = Math.min(bytes, HOLE_START);
        ranges.add(new RamRange(0, below, 0));
        if (bytes > below) {
            ranges.add(new RamRange(HOLE_END, bytes - below, below));
        }
        return new RamLayout(ranges);
    }

    /** All RAM, in bytes. */
    public long totalBytes() {
        return ranges.stream().mapToLong(RamRange::length).sum();
    }
}
