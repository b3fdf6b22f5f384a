package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;

/**
 * The file {@code memory} of a snapshot: all RAM in the order of its guest-physical addresses (the MMIO hole left out),
 * pages that hold only zeroes being holes. It is mapped copy-on-write under a restored machine.
 */
final class MemoryFile {
    static final int PAGE = 4096;

    /** Longest run of pages written by one system call: large enough to make the calls cheap. */
    private static final long MAX_RUN_BYTES = 4L << 20;

    private static final long READ_BYTES = 1L << 20;

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
     * @param givenUp asked between pieces
     * @throws SaveGivenUpException when it says so
     * @throws UncheckedIOException when a page of the memory cannot be read from the file under it: the disk fails, or it
     *     is a hole of a file in a tmpfs that is full. The JVM makes an InternalError of that SIGBUS
     */
    static Written write(MemorySegment memory, FreePages free, Fd file, BooleanSupplier givenUp) {
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
                SaveGivenUpException.check(givenUp);
                MemorySegment run = memory.asSlice(at, end - at);
                file.pwriteFully(run, at);
                checksum.pages(at, run);
                at = end;
            }
        } catch (InternalError e) {
            throw new UncheckedIOException(
                    "a page of the machine's memory cannot be read from the snapshot under it",
                    new IOException("SIGBUS", e));
        }
        return new Written(checksum.bytes, checksum.value());
    }

    /**
     * Counts the same checksum from a file; holes are skipped. The file is read, not mapped: a disk that fails is then an
     * error and no signal.
     *
     * @param size of the file
     * @throws cloud.ignition.linux.LinuxException EIO when the disk fails
     */
    static Written check(Fd file, long size) {
        Checksum checksum = new Checksum();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(READ_BYTES, PAGE);
            long data = file.seekData(0);
            while (data >= 0 && data < size) {
                long hole = file.seekHole(data);
                long end = hole < 0 ? size : Math.min((hole + PAGE - 1) & -PAGE, size);
                for (long at = data & -PAGE; at < end; at += READ_BYTES) {
                    long count = Math.min(READ_BYTES, end - at);
                    MemorySegment piece = buffer.asSlice(0, file.preadFully(buffer.asSlice(0, count), at) & -PAGE);
                    for (long page = 0; page < piece.byteSize(); page += PAGE) {
                        if (!Holes.isZero(piece, page)) {
                            checksum.pages(at + page, piece.asSlice(page, PAGE));
                        }
                    }
                }
                data = file.seekData(end);
            }
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
