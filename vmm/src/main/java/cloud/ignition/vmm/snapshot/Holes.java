package cloud.ignition.vmm.snapshot;

import static cloud.ignition.vmm.snapshot.MemoryFile.PAGE;

import cloud.ignition.linux.PageMap;
import cloud.ignition.vmm.memory.FreePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Tells pages that hold only zeroes, asked in ascending order. A page that nobody touched and that must be zero for that is
 * not looked at: so looking does not make the host map a page for it.
 */
final class Holes implements AutoCloseable {
    private static final MemorySegment ZEROES = Arena.global().allocate(PAGE);

    private final MemorySegment memory;
    private final FreePages free;
    private final PageMap map = PageMap.open();
    private long mappedFrom;
    private long mappedTo;

    /** @param memory of a paused machine: nothing changes while this is used */
    Holes(MemorySegment memory, FreePages free) {
        this.memory = memory;
        this.free = free;
    }

    /** Whether the page at this offset is all zero. */
    boolean isAt(long at) {
        return (free.readsZeroUntouched(at) && isUntouched(at)) || isZero(memory, at);
    }

    /** Whether a page is all zero, by reading it. */
    static boolean isZero(MemorySegment memory, long at) {
        return MemorySegment.mismatch(memory, at, at + PAGE, ZEROES, 0, PAGE) < 0;
    }

    private boolean isUntouched(long at) {
        if (at >= mappedTo) {
            mappedFrom = at;
            mappedTo = at + (long) PAGE * map.load(memory.address() + at, (memory.byteSize() - at) / PAGE);
        }
        return PageMap.isUntouched(map.entry((int) ((at - mappedFrom) / PAGE)));
    }

    @Override
    public void close() {
        map.close();
    }
}
