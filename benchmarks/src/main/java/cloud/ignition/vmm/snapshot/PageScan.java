package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.memory.FreePages;

/** A door into the package, for benchmarks: how a save tells the pages that it leaves out. */
public final class PageScan {
    private PageScan() {}

    /** Looks at all memory as a save does, and counts the pages that would be written. */
    public static long dataPages(Mmap memory, FreePages free) {
        long pages = 0;
        try (Holes holes = new Holes(memory.segment(), free)) {
            for (long at = 0; at < memory.size(); at += MemoryFile.PAGE) {
                if (!holes.isAt(at)) {
                    pages++;
                }
            }
        }
        return pages;
    }
}
