package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.PageMap;
import cloud.ignition.vmm.memory.FreePages;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryFileTest {
    private static final long SIZE = 64L << 20;
    private static final int PAGE = 4096;

    @TempDir
    Path directory;

    @Test
    void keepsEveryPageAndLeavesHolesForZeroes() throws IOException {
        Path file = directory.resolve("memory");
        Random random = new Random(1);
        long pages = 0;
        try (Mmap memory = Mmap.anonymous(SIZE);
                Fd fd = Fd.open(file.toString(), Fd.O_RDWR | Fd.O_CREAT, 0600)) {
            for (long at = 0; at < SIZE; at += PAGE) {
                // Runs longer than one write, single pages, first and last page.
                if (at < 9L << 20 || at == SIZE - PAGE || random.nextInt(50) == 0) {
                    memory.segment().set(ValueLayout.JAVA_BYTE, at + random.nextInt(PAGE), (byte) 1);
                    pages++;
                }
            }
            MemoryFile.Written written = MemoryFile.write(memory.segment(), new FreePages(memory), fd, () -> false);
            assertThat(written.dataBytes()).isEqualTo(pages * PAGE);
            try (Mmap copy = Mmap.privateCopyOf(fd, 0, SIZE)) {
                assertThat(MemorySegment.mismatch(memory.segment(), 0, SIZE, copy.segment(), 0, SIZE))
                        .isEqualTo(-1);
            }
            assertThat(MemoryFile.check(fd, SIZE)).isEqualTo(written);
            memory.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 77);
            fd.pwriteFully(memory.segment().asSlice(0, 1), 0);
            assertThat(MemoryFile.check(fd, SIZE).crc32c()).isNotEqualTo(written.crc32c());
        }
        long blocks = ((Number) Files.getAttribute(file, "unix:size")).longValue();
        assertThat(blocks).isEqualTo(SIZE);
    }

    @Test
    void aBootedMachinesFreePagesAreHolesAndAreNotTouchedForIt() {
        try (Mmap memory = Mmap.anonymous(SIZE);
                Fd fd = open("memory")) {
            memory.advise(Mmap.MADV_NOHUGEPAGE);
            FreePages free = new FreePages(memory);
            fill(memory, 0, 16, 1);
            assertThat(free.giveBack(4 * PAGE, 8 * PAGE)).isTrue();
            fill(memory, 6, 1, 2); // the guest uses a free page again and tells nobody
            assertThat(MemoryFile.write(memory.segment(), free, fd, () -> false).dataBytes())
                    .isEqualTo(9 * PAGE);
            assertThat(dataPages(fd)).containsExactly(0, 1, 2, 3, 6, 12, 13, 14, 15);
            assertThat(touchedPages(memory)).isEqualTo(9);
            assertSame(memory, fd);
        }
    }

    @Test
    void theHolesOfARestoredMachinesFileStayHolesAndAreNotTouchedForIt() {
        try (Fd before = open("before");
                Fd after = open("after")) {
            before.truncate(SIZE);
            try (Mmap booted = Mmap.anonymous(SIZE)) {
                fill(booted, 3, 2, 1);
                MemoryFile.write(booted.segment(), new FreePages(booted), before, () -> false);
            }
            try (Mmap restored = Mmap.privateCopyOf(before, 0, SIZE)) {
                fill(restored, 9000, 1, 2);
                assertThat(MemoryFile.write(restored.segment(), new FreePages(restored), after, () -> false)
                                .dataBytes())
                        .isEqualTo(3 * PAGE);
                assertThat(dataPages(after)).containsExactly(3, 4, 9000);
                // Reading brings neighbours in that are in the page cache, but nothing far from data.
                assertThat(touchedPages(restored)).isLessThan(100);
                assertThat(dataPages(before)).containsExactly(3, 4);
                assertSame(restored, after);
            }
        }
    }

    @Test
    void aRestoredMachinesFreePagesAreHolesUnlessTheyWereWrittenAgain() {
        try (Fd before = open("before");
                Fd after = open("after")) {
            before.truncate(SIZE);
            try (Mmap booted = Mmap.anonymous(SIZE)) {
                fill(booted, 0, 32, 1);
                MemoryFile.write(booted.segment(), new FreePages(booted), before, () -> false);
            }
            try (Mmap memory = Mmap.privateCopyOf(before, 0, SIZE)) {
                FreePages free = new FreePages(memory);
                fill(memory, 2, 6, 2); // 2 to 7 written since the restore
                assertThat(free.giveBack(4 * PAGE, 8 * PAGE)).isTrue();
                fill(memory, 7, 1, 3); // free and written again
                fill(memory, 9, 1, 0); // free and written again, with zeroes
                assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, 10 * PAGE))
                        .isZero(); // only read again
                assertThat(free.giveBack(20 * PAGE, PAGE)).isTrue();
                // of 32 pages all are there but 4 to 11, of which 7 is, and 20
                assertThat(MemoryFile.write(memory.segment(), free, after, () -> false)
                                .dataBytes())
                        .isEqualTo((32 - 8 + 1 - 1) * PAGE);
                assertSame(memory, after);
                assertThat(dataPages(after))
                        .contains(0, 3, 7, 12, 19, 21, 31)
                        .doesNotContain(4, 5, 6, 8, 9, 10, 11, 20);
            }
        }
    }

    private Fd open(String name) {
        return Fd.open(directory.resolve(name).toString(), Fd.O_RDWR | Fd.O_CREAT, 0600);
    }

    private static void fill(Mmap memory, long firstPage, long pages, int value) {
        memory.segment().asSlice(firstPage * PAGE, pages * PAGE).fill((byte) value);
    }

    private static void assertSame(Mmap memory, Fd fd) {
        try (Mmap copy = Mmap.privateCopyOf(fd, 0, SIZE)) {
            assertThat(MemorySegment.mismatch(memory.segment(), 0, SIZE, copy.segment(), 0, SIZE))
                    .isEqualTo(-1);
        }
    }

    private static long touchedPages(Mmap memory) {
        long touched = 0;
        try (PageMap map = PageMap.open()) {
            for (long page = 0; page < SIZE / PAGE; page += PageMap.CAPACITY) {
                int loaded = map.load(memory.address() + page * PAGE, SIZE / PAGE - page);
                touched += IntStream.range(0, loaded)
                        .filter(i -> !PageMap.isUntouched(map.entry(i)))
                        .count();
            }
        }
        return touched;
    }

    /** Pages of the file that are no holes. */
    private static List<Integer> dataPages(Fd file) {
        List<Integer> pages = new ArrayList<>();
        for (long data = file.seekData(0); data >= 0; data = file.seekData(data)) {
            long end = file.seekHole(data);
            for (; data < end; data += PAGE) {
                pages.add((int) (data / PAGE));
            }
        }
        return pages;
    }
}
