package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageMapTest {
    @TempDir
    Path directory;

    private final PageMap map = PageMap.open();

    @Test
    void anonymousPagesAreUntouchedThenReadThenWrittenThenGivenBack() {
        try (Mmap memory = Mmap.anonymous(4 * Pages.SIZE)) {
            memory.advise(Mmap.MADV_NOHUGEPAGE);
            assertThat(pages(memory, PageMap::isUntouched)).containsExactly(0, 1, 2, 3);
            assertThat(memory.segment().get(JAVA_BYTE, Pages.SIZE)).isZero();
            memory.segment().set(JAVA_BYTE, 2 * Pages.SIZE, (byte) 1);
            assertThat(pages(memory, PageMap::isUntouched)).containsExactly(0, 3);
            assertThat(pages(memory, PageMap::isPrivate)).containsExactly(1, 2);
            assertThat(pages(memory, PageMap::isOwnMemory)).containsExactly(2);
            memory.advise(2 * Pages.SIZE, Pages.SIZE, Mmap.MADV_DONTNEED);
            assertThat(pages(memory, PageMap::isUntouched)).containsExactly(0, 2, 3);
            assertThat(pages(memory, PageMap::isOwnMemory)).isEmpty();
        }
    }

    @Test
    void ofAPrivateCopyOnlyTheWrittenPagesArePrivate() {
        try (Fd file = Fd.open(directory.resolve("file").toString(), Fd.O_RDWR | Fd.O_CREAT, 0600)) {
            file.truncate(4 * Pages.SIZE);
            try (Mmap copy = Mmap.privateCopyOf(file, 0, 4 * Pages.SIZE)) {
                copy.advise(Mmap.MADV_RANDOM); // no pages around the one that is touched
                assertThat(copy.segment().get(JAVA_BYTE, 0)).isZero();
                copy.segment().set(JAVA_BYTE, 3 * Pages.SIZE, (byte) 1);
                assertThat(pages(copy, PageMap::isPrivate)).containsExactly(3);
                assertThat(pages(copy, PageMap::isOwnMemory)).containsExactly(3);
                assertThat(pages(copy, PageMap::isUntouched)).doesNotContain(0, 3);
                copy.replaceByZeroes(3 * Pages.SIZE, Pages.SIZE);
                assertThat(pages(copy, PageMap::isUntouched)).contains(3);
                assertThat(pages(copy, PageMap::isPrivate)).isEmpty();
            }
        }
    }

    @Test
    void aScanShowsAllPagesInOrderUntilItIsEnough() {
        int pages = PageMap.CAPACITY + 10;
        try (Mmap memory = Mmap.anonymous((long) pages * Pages.SIZE)) {
            memory.advise(Mmap.MADV_NOHUGEPAGE);
            memory.segment().set(JAVA_BYTE, (pages - 1L) * Pages.SIZE, (byte) 1);
            List<Integer> seen = new ArrayList<>();
            List<Integer> written = new ArrayList<>();
            assertThat(map.scan(memory.address(), memory.size(), (page, entry) -> {
                        seen.add(page);
                        return !PageMap.isOwnMemory(entry) || written.add(page);
                    }))
                    .isTrue();
            assertThat(seen).hasSize(pages).isSorted().doesNotHaveDuplicates().startsWith(0);
            assertThat(written).containsExactly(pages - 1);
            seen.clear();
            assertThat(map.scan(memory.address(), memory.size(), (page, entry) -> seen.add(page) && page < 4))
                    .isFalse();
            assertThat(seen).containsExactly(0, 1, 2, 3, 4);
        }
    }

    @Test
    void aLargePieceIsReadInParts() {
        long pages = PageMap.CAPACITY + 10L;
        try (Mmap memory = Mmap.anonymous(pages * Pages.SIZE)) {
            memory.advise(Mmap.MADV_NOHUGEPAGE);
            memory.segment().set(JAVA_BYTE, (pages - 1) * Pages.SIZE, (byte) 1);
            assertThat(map.load(memory.address(), pages)).isEqualTo(PageMap.CAPACITY);
            long rest = memory.address() + PageMap.CAPACITY * Pages.SIZE;
            assertThat(map.load(rest, 10)).isEqualTo(10);
            assertThat(PageMap.isOwnMemory(map.entry(9))).isTrue();
            assertThat(PageMap.isOwnMemory(map.entry(8))).isFalse();
            assertThatThrownBy(() -> map.entry(10)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void refusesWhatIsNoRangeOfPages() {
        assertThatThrownBy(() -> map.load(5, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> map.load(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> map.load(1L << 50, 1)).isInstanceOf(IllegalArgumentException.class);
        map.close();
        assertThatThrownBy(() -> map.load(0, 1)).isInstanceOf(LinuxException.class);
    }

    private List<Integer> pages(Mmap memory, LongPredicate which) {
        List<Integer> found = new ArrayList<>();
        int count = map.load(memory.address(), memory.size() / Pages.SIZE);
        for (int page = 0; page < count; page++) {
            if (which.test(map.entry(page))) {
                found.add(page);
            }
        }
        return found;
    }
}
