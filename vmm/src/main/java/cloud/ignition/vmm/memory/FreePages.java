package cloud.ignition.vmm.memory;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.Limits;
import java.util.BitSet;

/**
 * Gives guest pages back to the host, and knows where an untouched page reads as zeroes.
 *
 * <p>A page that the guest has given up reads as zeroes at once and until the guest writes to it again, which it may do at
 * any time without telling anybody. So there is no list of free pages: whether such a page is still free is known only
 * from the page map ({@link cloud.ignition.linux.PageMap}), and a free page is one that is untouched where this class says
 * that untouched means zero.
 *
 * <p>In a booted machine's anonymous memory that is everywhere, and giving back is MADV_DONTNEED. In a restored machine's
 * private mapping of its snapshot, MADV_DONTNEED would bring the snapshot's old content back, and a page would change
 * after the guest was told that it does not (virtio 1.2 §5.5.6.7.2): there anonymous memory is put in its place. Each such
 * run costs the host up to two more mappings, of which a process can have 65530 (vm.max_map_count), so they are limited.
 *
 * <p>Not safe for use by several threads at once: the machine's event loop gives back, who saves has parked it.
 */
public final class FreePages {
    private final Mmap ram;
    private final BitSet replaced = new BitSet();
    private int runs;

    /** The last answer of the file: no data in {@code [askedFrom, nextData)}, data in {@code [nextData, nextHole)}. */
    private long askedFrom;

    private long nextData;
    private long nextHole;

    /** @param ram all RAM of a machine, in one piece: anonymous, or a private copy of a file */
    public FreePages(Mmap ram) {
        this.ram = ram;
    }

    /**
     * Whether the page at this offset of the RAM reads as zeroes as long as nobody has touched it. Asked in ascending
     * order it costs a system call for each piece of data and each hole of a restored machine's memory file.
     */
    public boolean readsZeroUntouched(long offset) {
        return ram.isAnonymous() || replaced.get(page(offset)) || isFileHole(offset);
    }

    /** Whether pages of the file were taken away at this offset: untouched, it reads as zeroes whatever the file says. */
    public boolean isReplaced(long offset) {
        return replaced.get(page(offset));
    }

    /** Whether the file has a hole at this offset, so that a page of it reads as zeroes. */
    public boolean isFileHole(long offset) {
        if (offset < askedFrom || offset >= nextHole) {
            askedFrom = offset;
            nextData = ram.nextData(offset);
            nextHole = nextData < ram.size() ? ram.nextHole(nextData) : nextData;
        }
        return offset + Pages.SIZE <= nextData;
    }

    /**
     * Gives pages back. They read as zeroes afterwards.
     *
     * @param offset in the RAM, bytes, a multiple of the page size
     * @param length bytes, a multiple of the page size, more than 0
     * @return false when they stay as they are: the host refused, or it would be one run too many
     */
    public boolean giveBack(long offset, long length) {
        int first = page(offset);
        int end = page(offset + length);
        try {
            if (ram.isAnonymous() || replaced.nextClearBit(first) >= end) {
                ram.advise(offset, length, Mmap.MADV_DONTNEED);
                return true;
            }
            int runsThen = runs - runsTouching(first, end) + 1;
            if (runsThen > Limits.MAX_FREE_RUNS) {
                return false;
            }
            ram.replaceByZeroes(offset, length);
            replaced.set(first, end);
            runs = runsThen;
            return true;
        } catch (LinuxException e) {
            return false; // the guest loses nothing by keeping its memory
        }
    }

    /** Runs that overlap {@code [first, end)} or lie right beside it: they become one with it. */
    private int runsTouching(int first, int end) {
        int count = 0;
        int run = replaced.nextSetBit(Math.max(0, first - 1));
        while (run >= 0 && run <= end) {
            count++;
            run = replaced.nextSetBit(replaced.nextClearBit(run));
        }
        return count;
    }

    private static int page(long offset) {
        return Math.toIntExact(offset / Pages.SIZE);
    }
}
