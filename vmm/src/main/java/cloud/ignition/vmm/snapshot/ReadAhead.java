package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.Pages;
import java.util.Arrays;

/**
 * Asks the disk for pages of a private mapping that will be read soon, all at once and without waiting for them. Each run of pages costs
 * a system call, so with some of them looked at and found in the page cache it asks for none: it is as good as sure then
 * that the others are there, too. Only a hint.
 */
final class ReadAhead {
    /** How many runs are looked at. */
    private static final int SAMPLES = 8;

    private final Mmap memory;
    private int[] firsts = new int[64];
    private int[] pages = new int[64];
    private int count;

    /** Asks for pages of this mapping. */
    ReadAhead(Mmap memory) {
        this.memory = memory;
    }

    /** Appends a run. */
    void add(int firstPage, int pageCount) {
        if (count == firsts.length) {
            firsts = Arrays.copyOf(firsts, 2 * count);
            pages = Arrays.copyOf(pages, 2 * count);
        }
        firsts[count] = firstPage;
        pages[count++] = pageCount;
    }

    /**
     * Asks for all of them.
     *
     * @return false when they seem to be there
     */
    boolean ask() {
        if (seemsCached()) {
            return false;
        }
        try {
            for (int run = 0; run < count; run++) {
                memory.advise((long) firsts[run] * Pages.SIZE, (long) pages[run] * Pages.SIZE, Mmap.MADV_WILLNEED);
            }
        } catch (LinuxException e) {
            // Short of memory: as if nobody had asked.
        }
        return true;
    }

    private boolean seemsCached() {
        int samples = Math.min(SAMPLES, count);
        for (int sample = 0; sample < samples; sample++) {
            int run = (int) ((long) sample * count / samples);
            if (!memory.isInMemory((firsts[run] + pages[run] - 1L) * Pages.SIZE)) {
                return false;
            }
        }
        return true;
    }
}
