package cloud.ignition.vmm;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.PageMap;
import cloud.ignition.linux.Pages;
import java.util.OptionalLong;
import java.util.function.LongPredicate;

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
        return count(address, length, PageMap::isOwnMemory).orElse(0); // a number to show, nothing depends on it
    }

    /**
     * No fewer bytes than were written: private pages, in memory or swapped out. Empty when it cannot be told.
     *
     * @param address a multiple of the page size
     * @param length bytes, a multiple of the page size
     */
    static OptionalLong writtenBytes(long address, long length) {
        return count(address, length, PageMap::isPrivate);
    }

    private static OptionalLong count(long address, long length, LongPredicate wanted) {
        try (PageMap map = PageMap.open()) {
            long[] own = {0};
            map.scan(address, length, (page, entry) -> {
                own[0] += wanted.test(entry) ? 1 : 0;
                return true;
            });
            return OptionalLong.of(own[0] * Pages.SIZE);
        } catch (LinuxException e) {
            return OptionalLong.empty();
        }
    }
}
