package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.PageMap;
import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.memory.FreePages;
import java.util.Optional;

/**
 * Finds what a restored machine changed of its memory, without looking at what it did not change: its own pages in the
 * private mapping of the base, and where pages were given back.
 */
final class ChangedPages {
    private ChangedPages() {}

    /**
     * Looks through the page map.
     *
     * @param memory of a paused machine, a private copy of its base
     * @param free what was given back of it
     * @return empty when there are more runs than a snapshot may have
     */
    static Optional<ChangeIndex> find(Mmap memory, FreePages free) {
        ChangeIndex.Builder found = new ChangeIndex.Builder();
        try (PageMap map = PageMap.open()) {
            boolean fits = map.scan(memory.address(), memory.size(), (page, entry) -> {
                long at = (long) page * Pages.SIZE;
                boolean own = PageMap.isPrivate(entry);
                if (!own && !(PageMap.isUntouched(entry) && free.isReplaced(at))) {
                    return true;
                }
                boolean zero = !own || Holes.isZero(memory.segment(), at);
                // Zero where the base has a hole is as in the base.
                return (zero && free.isFileHole(at)) || found.add(page, zero);
            });
            return fits ? Optional.of(found.build()) : Optional.empty();
        }
    }
}
