package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Finds the pages of a mapping that may hold anything but zeroes, without touching the others: a page that this process
 * does not have in its page tables is what the mapped file holds there, a hole or data, or zero without a file. Reading
 * such pages to see that they are zero would give each a page of memory. See the kernel's {@code
 * Documentation/admin-guide/mm/pagemap.rst}.
 *
 * <p>Nobody writes to the mapping meanwhile.
 */
public final class DataPages implements AutoCloseable {
    private static final String PAGEMAP = "/proc/self/pagemap";
    private static final long PRESENT_OR_SWAPPED = 1L << 63 | 1L << 62;
    private static final int ENTRIES = 4096;

    private final long address;
    private final long size;
    private final @Nullable Fd file;
    private final long fileOffset;
    private final Fd pagemap;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment entries = arena.allocate(ENTRIES * JAVA_LONG.byteSize(), JAVA_LONG.byteAlignment());
    private long firstEntry;
    private int entryCount;
    private long fileData;
    private long fileHole;

    /**
     * @param file what is mapped; null for anonymous memory
     * @param fileOffset where in the file the mapping starts, in bytes
     */
    DataPages(long address, long size, @Nullable Fd file, long fileOffset) {
        this.address = address;
        this.size = size;
        this.file = file;
        this.fileOffset = fileOffset;
        pagemap = Fd.open(PAGEMAP, Fd.O_RDONLY | Fd.O_CLOEXEC, 0);
    }

    /**
     * The first page at or after an offset that may hold anything but zeroes.
     *
     * @param offset a multiple of the page size
     * @return its offset; at or behind the mapping's end when there is none
     */
    public long next(long offset) {
        long limit = Math.min(size, nextInFile(offset));
        for (long at = offset; at < limit; at += Pages.SIZE) {
            if ((entry(at / Pages.SIZE) & PRESENT_OR_SWAPPED) != 0) {
                return at;
            }
        }
        return limit;
    }

    private long nextInFile(long offset) {
        if (file == null) {
            return size;
        }
        if (offset >= fileHole) {
            long data = file.seekData(fileOffset + offset);
            long hole = data < 0 ? -1 : file.seekHole(data);
            fileData = data < 0 ? size : (data - fileOffset) & -Pages.SIZE;
            fileHole = hole < 0 ? size : hole - fileOffset;
        }
        return Math.max(offset, fileData);
    }

    private long entry(long page) {
        if (page < firstEntry || page >= firstEntry + entryCount) {
            long wanted = Math.min(ENTRIES, (size + Pages.SIZE - 1) / Pages.SIZE - page);
            MemorySegment part = entries.asSlice(0, wanted * JAVA_LONG.byteSize());
            long read = pagemap.preadFully(part, (address / Pages.SIZE + page) * JAVA_LONG.byteSize());
            if (read != part.byteSize()) {
                throw new IllegalStateException(PAGEMAP + " ends at page " + (page + read / JAVA_LONG.byteSize()));
            }
            firstEntry = page;
            entryCount = (int) wanted;
        }
        return entries.get(JAVA_LONG, (page - firstEntry) * JAVA_LONG.byteSize());
    }

    @Override
    public void close() {
        pagemap.close();
        arena.close();
    }
}
