package cloud.ignition.vmm.virtio.balloon;

import java.util.Arrays;

/**
 * The pages of one request, joined to as few runs as they make. So a page that is named twice does no harm, and neighbours
 * cost one system call.
 */
final class PageRuns {
    /** What is done with a run. */
    interface Action {
        /** Both in bytes. */
        void run(long gpa, long length);
    }

    private static final int COUNT_BITS = 32;
    private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

    /** First page above, number of pages below; both fit because what is added lies in RAM. */
    private final long[] spans;

    private int size;

    PageRuns(int capacity) {
        spans = new long[capacity];
    }

    void clear() {
        size = 0;
    }

    /** Adds pages that lie in RAM. */
    void add(long firstPage, long pages) {
        spans[size++] = firstPage << COUNT_BITS | pages;
    }

    /** The runs, ascending and without overlap. */
    void forEach(Action action) {
        Arrays.sort(spans, 0, size);
        int next = 0;
        while (next < size) {
            long first = spans[next] >>> COUNT_BITS;
            long end = first;
            while (next < size && spans[next] >>> COUNT_BITS <= end) {
                end = Math.max(end, (spans[next] >>> COUNT_BITS) + (spans[next] & COUNT_MASK));
                next++;
            }
            action.run(first * BalloonDevice.PAGE_BYTES, (end - first) * BalloonDevice.PAGE_BYTES);
        }
    }
}
