package cloud.ignition.vmm.snapshot;

import static cloud.ignition.vmm.snapshot.MemoryFile.PAGE;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.FreePages;
import cloud.ignition.vmm.memory.IoVector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * The file {@code changes} of a snapshot: what of the memory differs from the file {@code memory}. First the
 * {@link ChangeIndex}, padded with zeroes to a whole page, then the pages that are not zero, in its order and without gaps: so a restore
 * reads it from its beginning to its end.
 */
final class ChangesFile {
    /** Name of the file. */
    static final String NAME = "changes";

    /** Pages in one piece from which on the host is asked for fresh ones; fewer are written over. */
    private static final int FRESH_PAGES = 8;

    private static final long MAX_CALL_BYTES = 4L << 20;

    private ChangesFile() {}

    private static long dataOffset(long runs) {
        return (runs * ChangeIndex.RUN_BYTES + PAGE - 1) / PAGE * PAGE;
    }

    /** Size of the file for what stands in it. */
    static long size(ChangeFacts facts) {
        return dataOffset(facts.runs()) + facts.dataBytes();
    }

    /**
     * Writes the changes of a paused machine to an empty file. The caller makes it durable.
     *
     * @param givenUp asked between pieces
     * @throws SaveGivenUpException when it says so
     * @throws UncheckedIOException when a page of the memory cannot be read from the file under it, as in {@link MemoryFile}
     */
    static ChangeFacts write(MemorySegment memory, ChangeIndex index, Fd file, BooleanSupplier givenUp) {
        byte[] indexBytes = Arrays.copyOf(index.encode(), Math.toIntExact(dataOffset(index.count())));
        CRC32C crc = new CRC32C();
        try (Arena arena = Arena.ofConfined()) {
            file.pwriteFully(arena.allocateFrom(ValueLayout.JAVA_BYTE, indexBytes), 0);
            Sweep sweep = new Sweep(memory, index, dataOffset(index.count()));
            while (sweep.next(piece -> crc.update(piece.asByteBuffer()))) {
                SaveGivenUpException.check(givenUp);
                sweep.transfer(file::pwritev, "pwritev " + file.what());
            }
        } catch (InternalError e) {
            throw new UncheckedIOException(
                    "a page of the machine's memory cannot be read from the snapshot under it",
                    new IOException("SIGBUS", e));
        }
        return new ChangeFacts(index.count(), index.dataBytes(), Digests.crc32c(indexBytes), crc.getValue());
    }

    /**
     * Brings the changes into a private mapping of the base. The index is checked, the pages by {@link #check} only.
     *
     * @throws SnapshotRefusedException when the file is missing or damaged
     */
    static void apply(Path directory, ChangeFacts facts, Mmap memory, FreePages free) {
        if (facts.runs() == 0) {
            return;
        }
        try (Fd file = open(directory, facts)) {
            ChangeIndex index = readIndex(directory, file, facts, memory.size() / PAGE);
            ReadAhead base = new ReadAhead(memory);
            for (int run = 0; run < index.count(); run++) {
                long at = (long) index.first(run) * PAGE;
                long length = (long) index.pages(run) * PAGE;
                boolean fresh = index.pages(run) >= FRESH_PAGES && free.giveBack(at, length);
                if (index.isZero(run) && !fresh) {
                    memory.segment().asSlice(at, length).fill((byte) 0);
                } else if (!fresh) {
                    base.add(index.first(run), index.pages(run)); // to write over a page the kernel reads it first
                }
            }
            boolean asked = base.ask();
            if (asked) {
                memory.advise(Mmap.MADV_RANDOM); // no more of the base than these pages
            }
            Sweep sweep = new Sweep(memory.segment(), index, dataOffset(index.count()));
            while (sweep.next(piece -> {})) {
                if (!sweep.transfer(file::preadv, "preadv " + file.what())) {
                    throw SnapshotRefusedException.damaged(directory, "its file " + NAME + " is cut off");
                }
            }
            if (asked) {
                memory.advise(Mmap.MADV_NORMAL);
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.EIO) {
                throw e;
            }
            throw SnapshotRefusedException.damaged(directory, "its file " + NAME + " cannot be read", e);
        }
    }

    /**
     * Compares the checksum of the pages.
     *
     * @throws SnapshotRefusedException when anything is not as it was written
     */
    static void check(Path directory, ChangeFacts facts, long memoryBytes) {
        if (facts.runs() == 0) {
            return;
        }
        CRC32C crc = new CRC32C();
        try (Fd file = open(directory, facts);
                Arena arena = Arena.ofConfined()) {
            ChangeIndex index = readIndex(directory, file, facts, memoryBytes / PAGE);
            if (index.dataBytes() != facts.dataBytes()) {
                throw SnapshotRefusedException.damaged(directory, "its changes are not as many as the manifest's");
            }
            MemorySegment buffer = arena.allocate(1 << 20);
            long end = size(facts);
            for (long at = dataOffset(facts.runs()); at < end; at += buffer.byteSize()) {
                MemorySegment piece = buffer.asSlice(0, Math.min(buffer.byteSize(), end - at));
                crc.update(piece.asSlice(0, file.preadFully(piece, at)).asByteBuffer());
            }
        }
        if (crc.getValue() != facts.dataCrc32c()) {
            throw SnapshotRefusedException.damaged(directory, "its changes' checksum does not match");
        }
    }

    private static Fd open(Path directory, ChangeFacts facts) {
        Fd file = SnapshotFile.open(directory, NAME);
        try {
            long size = file.size();
            if (size != size(facts)) {
                throw SnapshotRefusedException.damaged(
                        directory, "its file " + NAME + " has " + size + " bytes, not " + size(facts));
            }
            return file;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static ChangeIndex readIndex(Path directory, Fd file, ChangeFacts facts, long pages) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(dataOffset(facts.runs()));
            long count = file.preadFully(buffer, 0);
            byte[] bytes = buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            if (count != buffer.byteSize() || Digests.crc32c(bytes) != facts.indexCrc32c()) {
                throw SnapshotRefusedException.damaged(
                        directory, "its list of changes has not the manifest's checksum");
            }
            ChangeIndex index = ChangeIndex.decode(Arrays.copyOf(bytes, facts.runs() * ChangeIndex.RUN_BYTES), pages);
            CorruptStateException.require(
                    index.dataBytes() == facts.dataBytes(), "they are not as many as the manifest says");
            return index;
        } catch (CorruptStateException e) {
            throw SnapshotRefusedException.damaged(directory, "its list of changes is damaged: " + e.getMessage(), e);
        }
    }

    /** Goes through all data pages, in memory and in the file, a system call's worth at a time. */
    private static final class Sweep {
        /** preadv(2) or pwritev(2). */
        interface Call {
            long apply(MemorySegment iovecs, int count, long offset);
        }

        private final MemorySegment memory;
        private final ChangeIndex index;
        private final IoVector pieces = new IoVector(IoVector.MAX_ENTRIES);
        private long offset;
        private int run;
        private long doneOfRun;

        Sweep(MemorySegment memory, ChangeIndex index, long offset) {
            this.memory = memory;
            this.index = index;
            this.offset = offset;
        }

        /** Collects the next pieces; false when there are none. */
        boolean next(Consumer<MemorySegment> each) {
            pieces.clear();
            while (run < index.count() && pieces.room() > 0 && pieces.totalBytes() < MAX_CALL_BYTES) {
                long length = (long) index.pages(run) * PAGE;
                if (index.isZero(run) || doneOfRun == length) {
                    run++;
                    doneOfRun = 0;
                    continue;
                }
                long now = Math.min(length - doneOfRun, MAX_CALL_BYTES - pieces.totalBytes());
                MemorySegment piece = memory.asSlice((long) index.first(run) * PAGE + doneOfRun, now);
                pieces.add(piece.address(), now);
                each.accept(piece);
                doneOfRun += now;
            }
            return pieces.count() > 0;
        }

        /**
         * Moves the collected pieces.
         *
         * @return false at the end of the file
         */
        boolean transfer(Call call, String what) {
            while (pieces.totalBytes() > 0) {
                long moved = call.apply(pieces.segment(), pieces.count(), offset);
                if (moved < 0) {
                    throw new LinuxException(what, (int) -moved);
                }
                if (moved == 0) {
                    return false;
                }
                offset += moved;
                pieces.skip(moved);
            }
            return true;
        }
    }
}
