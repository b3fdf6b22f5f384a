package cloud.ignition.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the kernel knows of each page of this process, /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst):
 * whether it is there, and whether it is the process's own or a file's. Needs no privilege for that.
 *
 * <p>Use: {@link #scan} a range, or {@link #load} a piece and ask {@link #entry} for each of its pages; the static methods say
 * what an entry means. The buffer is used again by the next of these. Not safe for use by several threads at once.
 */
public final class PageMap implements AutoCloseable {
    /** Most pages one {@link #load} takes: 32 MiB of memory, 64 KiB of entries. */
    public static final int CAPACITY = 8192;

    private static final String FILE = "/proc/self/pagemap";
    private static final long PRESENT = 1L << 63;
    private static final long SWAPPED = 1L << 62;
    private static final long FILE_OR_SHARED = 1L << 61;
    private static final long EXCLUSIVE = 1L << 56;

    private final Fd fd;
    private final MemorySegment entries = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, CAPACITY);
    private int loaded;

    private PageMap(Fd fd) {
        this.fd = fd;
    }

    /** Opens this process's page map. */
    public static PageMap open() {
        return new PageMap(Fd.open(FILE, Fd.O_RDONLY, 0));
    }

    /**
     * Reads the entries of consecutive pages as they are now.
     *
     * @param address of the first page, a multiple of the page size
     * @param pages how many, more than 0
     * @return how many were read: {@code pages} or, if that is less, {@link #CAPACITY}
     */
    public int load(long address, long pages) {
        if (address % Pages.SIZE != 0 || pages <= 0) {
            throw new IllegalArgumentException(pages + " pages at 0x" + Long.toHexString(address));
        }
        int count = (int) Math.min(pages, CAPACITY);
        MemorySegment wanted = entries.asSlice(0, count * ValueLayout.JAVA_LONG.byteSize());
        long got = fd.preadFully(wanted, address / Pages.SIZE * ValueLayout.JAVA_LONG.byteSize());
        if (got != wanted.byteSize()) {
            throw new IllegalArgumentException("no such address: 0x" + Long.toHexString(address));
        }
        loaded = count;
        return count;
    }

    /** Is shown pages by {@link #scan}. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Looks at a page.
         *
         * @param page its number in the range, from 0 on
         * @return whether to go on
         */
        boolean visit(int page, long entry);
    }

    /**
     * Shows all pages of a range in ascending order, as they are when each piece of them is read.
     *
     * @param address of the first page, a multiple of the page size
     * @param length bytes, a multiple of the page size
     * @return false when the visitor did not want to go on
     */
    public boolean scan(long address, long length, Visitor visitor) {
        int pages = Math.toIntExact(length / Pages.SIZE);
        for (int done = 0; done < pages; ) {
            int count = load(address + (long) done * Pages.SIZE, pages - done);
            for (int i = 0; i < count; i++) {
                if (!visitor.visit(done + i, entry(i))) {
                    return false;
                }
            }
            done += count;
        }
        return true;
    }

    /** The entry of a page; {@code 0 <= index <} what the last {@link #load} returned. */
    public long entry(int index) {
        if (index >= loaded) {
            throw new IndexOutOfBoundsException("page " + index + " of " + loaded);
        }
        return entries.getAtIndex(ValueLayout.JAVA_LONG, index);
    }

    /**
     * Whether nobody has touched the page since it was mapped or last given back with MADV_DONTNEED: it reads as what the
     * mapping has underneath, zeroes or a file.
     */
    public static boolean isUntouched(long entry) {
        return (entry & (PRESENT | SWAPPED)) == 0;
    }

    /**
     * Whether the page may differ from what the mapping has underneath: a private page, in memory or swapped out. In
     * memory without a file also true of a page that was only read, and then is the kernel's page of zeroes.
     */
    public static boolean isPrivate(long entry) {
        return !isUntouched(entry) && (entry & FILE_OR_SHARED) == 0;
    }

    /** Whether the page is in memory and the file's under the mapping, read and not written. */
    public static boolean isOfFile(long entry) {
        return (entry & (PRESENT | FILE_OR_SHARED)) == (PRESENT | FILE_OR_SHARED);
    }

    /** Whether the page takes memory that nobody else uses: private, in memory, and not the kernel's page of zeroes. */
    public static boolean isOwnMemory(long entry) {
        return (entry & (PRESENT | EXCLUSIVE | FILE_OR_SHARED)) == (PRESENT | EXCLUSIVE);
    }

    @Override
    public void close() {
        fd.close();
    }
}
