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
        long pages = memory.size() / Pages.SIZE;
        ChangeIndex.Builder found = new ChangeIndex.Builder();
        try (PageMap map = PageMap.open()) {
            for (long done = 0; done < pages; ) {
                int loaded = map.load(memory.address() + done * Pages.SIZE, pages - done);
                for (int i = 0; i < loaded; i++) {
                    long at = (done + i) * Pages.SIZE;
                    long entry = map.entry(i);
                    boolean own = PageMap.isPrivate(entry);
                    if (!own && !(PageMap.isUntouched(entry) && free.isReplaced(at))) {
                        continue;
                    }
                    boolean zero = !own || Holes.isZero(memory.segment(), at);
                    if (zero && free.isFileHole(at)) {
                        continue; // as in the base
                    }
                    if (!found.add((int) (done + i), zero)) {
                        return Optional.empty();
                    }
                }
                done += loaded;
            }
        }
        return Optional.of(found.build());
    }
}
