package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.FreePages;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * The file {@code memory} of a snapshot: all RAM in the order of its guest-physical addresses (the MMIO hole left out),
 * pages that hold only zeroes being holes. It is mapped copy-on-write under a restored machine.
 */
final class MemoryFile {
    static final int PAGE = 4096;

    /** Longest run of pages written by one system call: large enough to make the calls cheap. */
    private static final long MAX_RUN_BYTES = 4L << 20;

    /**
     * @param dataBytes bytes of pages that are not all zero
     * @param crc32c over each such run's offset and bytes, see {@link Checksum}
     */
    record Written(long dataBytes, long crc32c) {}

    private MemoryFile() {}

    /**
     * Writes the memory of a paused machine to an empty file. The caller makes it durable.
     *
     * @param free what was given back of the memory: such pages are left out without being touched
     */
    static Written write(MemorySegment memory, FreePages free, Fd file) {
        long size = memory.byteSize();
        Checksum checksum = new Checksum();
        file.truncate(size);
        try (Holes holes = new Holes(memory, free)) {
            long at = 0;
            while (at < size) {
                if (holes.isAt(at)) {
                    at += PAGE;
                    continue;
                }
                long end = at + PAGE;
                while (end < size && end - at < MAX_RUN_BYTES && !holes.isAt(end)) {
                    end += PAGE;
                }
                MemorySegment run = memory.asSlice(at, end - at);
                file.pwriteFully(run, at);
                checksum.pages(at, run);
                at = end;
            }
        }
        return new Written(checksum.bytes, checksum.value());
    }

    /**
     * Counts the same checksum from a mapped file; holes are skipped.
     *
     * @param file the file
     * @param memory the whole file, mapped
     */
    static Written check(Fd file, MemorySegment memory) {
        Checksum checksum = new Checksum();
        long data = file.seekData(0);
        while (data >= 0 && data < memory.byteSize()) {
            long hole = file.seekHole(data);
            long end = hole < 0 ? memory.byteSize() : Math.min(hole, memory.byteSize());
            for (long at = data & -PAGE; at < end; at += PAGE) {
                if (!Holes.isZero(memory, at)) {
                    checksum.pages(at, memory.asSlice(at, PAGE));
                }
            }
            data = file.seekData((end + PAGE - 1) & -PAGE);
        }
        return new Written(checksum.bytes, checksum.value());
    }

    /** CRC-32C over page number and bytes of every page that is not all zero, in order. */
    private static final class Checksum {
        private final CRC32C crc = new CRC32C();
        private long bytes;

        void pages(long offset, MemorySegment pages) {
            for (long at = 0; at < pages.byteSize(); at += PAGE) {
                long page = (offset + at) / PAGE;
                for (int shift = 0; shift < 32; shift += 8) {
                    crc.update((int) (page >>> shift));
                }
                crc.update(pages.asSlice(at, PAGE).asByteBuffer());
                bytes += PAGE;
            }
        }

        long value() {
            return crc.getValue();
        }
    }
}
