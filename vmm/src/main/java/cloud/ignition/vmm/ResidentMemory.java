package cloud.ignition.vmm;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.PageMap;
import cloud.ignition.linux.Pages;

/** How much of a range of addresses is this process's own memory, page by page. */
final class ResidentMemory {
    private ResidentMemory() {}

    /**
     * Bytes of private pages that are in memory; 0 when it cannot be told. Page by page, because a range from which pages
     * were given back is several mappings, and the host may join the outer ones with their neighbours.
     *
     * @param address a multiple of the page size
     * @param length bytes, a multiple of the page size
     */
    static long ownBytes(long address, long length) {
        try (PageMap map = PageMap.open()) {
            long pages = length / Pages.SIZE;
            long own = 0;
            for (long done = 0; done < pages; ) {
                int loaded = map.load(address + done * Pages.SIZE, pages - done);
                for (int i = 0; i < loaded; i++) {
                    if (PageMap.isOwnMemory(map.entry(i))) {
                        own++;
                    }
                }
                done += loaded;
            }
            return own * Pages.SIZE;
        } catch (LinuxException e) {
            return 0; // a number to show, nothing depends on it
        }
    }
}
