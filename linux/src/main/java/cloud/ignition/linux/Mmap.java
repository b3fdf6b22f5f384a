package cloud.ignition.linux;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One mapping of memory, see mmap(2), with one owner.
 *
 * <p>Its segment is not bound to an arena, for closing a shared arena takes milliseconds: touching the segment after
 * {@link #close} ends the process, so the owner stops all users first. The same goes for a mapped file that gets shorter.
 */
public final class Mmap implements AutoCloseable {
    public static final int MADV_NORMAL = 0;
    public static final int MADV_RANDOM = 1;
    public static final int MADV_SEQUENTIAL = 2;
    public static final int MADV_WILLNEED = 3;
    public static final int MADV_DONTNEED = 4;
    public static final int MADV_REMOVE = 9;
    public static final int MADV_MERGEABLE = 12;
    public static final int MADV_HUGEPAGE = 14;
    public static final int MADV_NOHUGEPAGE = 15;
    public static final int MADV_DONTDUMP = 16;
    public static final int MADV_POPULATE_READ = 22;
    public static final int MADV_POPULATE_WRITE = 23;

    static final int PROT_NONE = 0;
    static final int PROT_READ = 1;
    static final int PROT_WRITE = 2;
    static final int MAP_SHARED = 0x01;
    static final int MAP_PRIVATE = 0x02;
    static final int MAP_FIXED = 0x10;
    static final int MAP_ANONYMOUS = 0x20;
    static final int MAP_NORESERVE = 0x4000;

    /** x86-64's large page; a guest page table of the host can only use it where host and guest address agree modulo this. */
    private static final long LARGE_PAGE = 2L << 20;

    /** Closed, but still there. */
    private static final Queue<Mmap> REFUSED = new ConcurrentLinkedQueue<>();

    private static final int READ_WRITE = PROT_READ | PROT_WRITE;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

    private final String what;
    private final long address;
    private final long size;
    private final MemorySegment segment;
    private volatile boolean anonymous;
    private volatile @Nullable Fd file;
    private volatile long fileOffset;
    /** What is put into its place later has it, too. */
    private volatile boolean dontDump;

    private final AtomicBoolean closed = new AtomicBoolean();

    private Mmap(String what, long address, long size, boolean anonymous) {
        this(what, address, size, anonymous, null, 0);
    }

    private Mmap(String what, long address, long size, boolean anonymous, @Nullable Fd file, long fileOffset) {
        this.file = file;
        this.fileOffset = fileOffset;
        this.what = what;
        this.address = address;
        this.size = size;
        this.anonymous = anonymous;
        this.segment = MemorySegment.ofAddress(address).reinterpret(size);
    }

    /**
     * Zeroed private memory, aligned to 2 MiB, that uses no memory until it is touched.
     *
     * @param size bytes, more than 0
     */
    public static Mmap anonymous(long size) {
        String what = "anonymous memory";
        return new Mmap(what, aligned(what, size, READ_WRITE), size, true);
    }

    /**
     * Addresses, aligned to 2 MiB, where nothing is yet: whoever touches them ends the process, until {@link #placeZeroes} or
     * {@link #placePrivateCopyOf} puts memory there. So the address can be told to others before the memory is known.
     *
     * @param size bytes, more than 0
     */
    public static Mmap reserved(long size) {
        String what = "reserved addresses";
        return new Mmap(what, aligned(what, size, PROT_NONE), size, false);
    }

    private static long aligned(String what, long size, int protection) {
        checkSize(size);
        long kept = Pages.roundUp(size);
        long whole = map(what, 0, Math.addExact(kept, LARGE_PAGE), protection, ANONYMOUS, -1, 0);
        long start = (whole + LARGE_PAGE - 1) & -LARGE_PAGE;
        long end = whole + kept + LARGE_PAGE;
        unmapOr(whole, start, whole, end);
        unmapOr(start + kept, end, start, end);
        return start;
    }

    /** Puts what {@link #anonymous} makes in the place of all that was mapped here. */
    public void placeZeroes() {
        replaceByZeroes(0, Pages.roundUp(size));
        anonymous = true;
        forgetFile();
    }

    /**
     * Puts what {@link #privateCopyOf} makes in the place of all that was mapped here, in one step for everybody who uses the
     * mapping.
     *
     * @param source closed with the mapping from now on; stays the caller's when this throws
     * @param offset bytes, a multiple of the page size; the caller has checked that the file is long enough
     */
    public void placePrivateCopyOf(Fd source, long offset) {
        segment(); // not when closed: others may have got the addresses
        map(what, address, size, READ_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, source.number(), offset);
        if (dontDump) {
            advise(0, size, MADV_DONTDUMP);
        }
        anonymous = false;
        forgetFile();
        fileOffset = offset;
        file = source;
    }

    private void forgetFile() {
        Fd former = file;
        file = null;
        if (former != null) {
            former.close();
        }
    }

    /**
     * A private copy-on-write view of a file: writes stay in this mapping, and what nobody wrote is shared with the page cache.
     * It keeps the file open, for {@link #nextData}; the caller may close its own descriptor.
     *
     * @param offset bytes, a multiple of the page size
     * @param size bytes, more than 0; the caller has checked that the file is that long
     */
    public static Mmap privateCopyOf(Fd file, long offset, long size) {
        checkSize(size);
        String what = "private copy of " + file.what();
        Fd kept = Fd.open("/proc/self/fd/" + file.number(), Fd.O_RDONLY, 0);
        try {
            long address = map(what, 0, size, READ_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number(), offset);
            return new Mmap(what, address, size, false, kept, offset);
        } catch (RuntimeException e) {
            kept.close();
            throw e;
        }
    }

    /** A view of a file or device that is shared with everybody who maps it; arguments as for {@link #privateCopyOf}. */
    public static Mmap sharedOf(Fd file, long offset, long size) {
        checkSize(size);
        long address = map(file.what(), 0, size, READ_WRITE, MAP_SHARED, file.number(), offset);
        return new Mmap(file.what(), address, size, false);
    }

    /** The mapped memory, readable and writable; to be used until {@link #close}. */
    public MemorySegment segment() {
        if (closed.get()) {
            throw new IllegalStateException("already closed: " + this);
        }
        return segment;
    }

    /** Where the mapping starts in this process, for the kernel. */
    public long address() {
        return address;
    }

    /** Bytes. */
    public long size() {
        return size;
    }

    /** madvise(2) for the whole mapping; {@code advice} is one of {@code MADV_…}. */
    public void advise(int advice) {
        advise(0, size, advice);
        dontDump |= advice == MADV_DONTDUMP;
    }

    /**
     * madvise(2) for a part.
     *
     * @param offset bytes from the start of the mapping, a multiple of the page size
     * @param length bytes
     */
    public void advise(long offset, long length, int advice) {
        MemorySegment part = segment().asSlice(offset, length);
        LinuxException.check(LibC.madvise(part.address(), length, advice), "madvise " + what);
    }

    /**
     * Whether a page can be read without waiting for a disk: it is mapped, or in the page cache, see mincore(2). Nothing holds it
     * there.
     *
     * @param offset bytes from the start of the mapping, a multiple of the page size
     * @return false also when the kernel does not say
     */
    public boolean isInMemory(long offset) {
        MemorySegment page = segment().asSlice(offset, Pages.SIZE);
        MemorySegment answer = CallScratch.current().small;
        return LibC.mincore(page.address(), Pages.SIZE, answer) == 0 && (answer.get(ValueLayout.JAVA_BYTE, 0) & 1) != 0;
    }

    /**
     * Puts fresh zeroed private memory in the place of a part, whatever was mapped there, in one step for everybody who
     * uses the mapping. In the middle of a file's mapping that makes three mappings of one, as the host counts them
     * (vm.max_map_count).
     *
     * @param offset bytes from the start of the mapping, a multiple of the page size
     * @param length bytes, a multiple of the page size
     */
    public void replaceByZeroes(long offset, long length) {
        Objects.checkFromIndexSize(offset, length, Pages.roundUp(segment().byteSize()));
        map(what, address + offset, length, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
        if (dontDump) {
            advise(offset, length, MADV_DONTDUMP);
        }
    }

    /** Whether this is as {@link #anonymous} makes it: a page that nobody touched reads as zeroes. */
    public boolean isAnonymous() {
        return anonymous;
    }

    /** Whether this is a private copy of the very file that has this name now: the same inode. */
    public boolean isPrivateCopyOf(Path name) throws IOException {
        Fd kept = file;
        return kept != null && Files.isSameFile(Path.of("/proc/self/fd/" + kept.number()), name);
    }

    /**
     * Where the file behind a private copy has its next data, see {@link Fd#seekData}: a page before that reads as zeroes
     * as long as nobody has written to it, without being looked at. Looking would give a hole a page of the page cache.
     *
     * @param offset bytes from the start of the mapping
     * @return not before {@code offset}; the mapping's size when there is no more data, or no file that was kept
     */
    public long nextData(long offset) {
        Fd kept = file;
        long data = kept == null ? -1 : kept.seekData(fileOffset + offset);
        return data < 0 ? size : Math.min(size, data - fileOffset);
    }

    /** Where the data at an offset ends; otherwise as {@link #nextData}. */
    public long nextHole(long offset) {
        Fd kept = file;
        long hole = kept == null ? -1 : kept.seekHole(fileOffset + offset);
        return hole < 0 ? size : Math.min(size, hole - fileOffset);
    }

    /**
     * Removes the mapping; a second call does nothing.
     *
     * @throws LinuxException when the kernel refuses, which it does for want of memory only; closing another mapping tries it again
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            Mmap refused = REFUSED.poll();
            new Closing()
                    .then(this::unmap)
                    .then(this::forgetFile)
                    .then(() -> {
                        if (refused != null) {
                            refused.unmap();
                        }
                    })
                    .orThrow();
        }
    }

    private void unmap() {
        try {
            unmap(address, Pages.roundUp(size));
        } catch (LinuxException e) {
            REFUSED.add(this);
            throw e;
        }
    }

    @Override
    public String toString() {
        return String.format("mapping of %d bytes at %#x%s (%s)", size, address, closed.get() ? ", closed" : "", what);
    }

    private static long map(String what, long address, long size, int protection, int flags, int fd, long offset) {
        long r = LibC.mmap(address, size, protection, flags, fd, offset);
        if (r < 0) {
            throw new LinuxException("mmap " + what + " (" + size + " bytes)", (int) -r);
        }
        return r;
    }

    private static void unmap(long address, long size) {
        if (size > 0) {
            LinuxException.check(LibC.munmap(address, size), "munmap");
        }
    }

    /** Unmaps a part; when the kernel refuses (the process has too many mappings), all that is left, which it refuses less. */
    private static void unmapOr(long from, long to, long leftFrom, long leftTo) {
        try {
            unmap(from, to - from);
        } catch (LinuxException e) {
            throw new Closing().then(() -> unmap(leftFrom, leftTo - leftFrom)).because(e);
        }
    }

    private static void checkSize(long size) {
        if (size <= 0) {
            throw new IllegalArgumentException("a mapping of " + size + " bytes");
        }
    }
}
