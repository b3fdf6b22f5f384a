package cloud.ignition.vmm.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.PageMap;
import cloud.ignition.linux.Pages;
import cloud.ignition.vmm.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreePagesTest {
    private static final int PAGES = 4 * Limits.MAX_FREE_RUNS;
    private static final byte OLD = 7;
    private static final byte NEW = 9;

    @TempDir
    Path directory;

    @Test
    void ofABootedMachineEverythingCanBeGivenBackPageByPage() {
        try (Mmap ram = Mmap.anonymous(PAGES * Pages.SIZE)) {
            FreePages free = new FreePages(ram);
            ram.segment().fill(OLD);
            assertThat(own(ram)).isEqualTo(PAGES);
            for (int page = 0; page < PAGES; page += 2) {
                assertThat(free.giveBack(page * Pages.SIZE, Pages.SIZE)).isTrue();
            }
            assertThat(own(ram)).isEqualTo(PAGES / 2);
            assertThat(free.readsZeroUntouched(0)).isTrue();
            assertThat(free.readsZeroUntouched(Pages.SIZE)).isTrue();
            assertThat(value(ram, 0)).isZero();
            assertThat(value(ram, 1)).isEqualTo(OLD);
        }
    }

    @Test
    void ofARestoredMachineAGivenBackPageReadsZeroAndNotTheSnapshot() throws IOException {
        try (Mmap ram = restored()) {
            FreePages free = new FreePages(ram);
            set(ram, 5, NEW);
            assertThat(free.giveBack(4 * Pages.SIZE, 4 * Pages.SIZE)).isTrue();
            for (int page = 4; page < 8; page++) {
                assertThat(free.readsZeroUntouched(page * Pages.SIZE)).isTrue();
                assertThat(value(ram, page)).isZero();
            }
            assertThat(free.readsZeroUntouched(3 * Pages.SIZE)).isFalse();
            assertThat(value(ram, 3)).isEqualTo(OLD);
            assertThat(value(ram, 8)).isEqualTo(OLD);
            set(ram, 6, NEW);
            assertThat(value(ram, 6)).as("used again").isEqualTo(NEW);
            assertThat(free.giveBack(6 * Pages.SIZE, Pages.SIZE)).isTrue();
            assertThat(value(ram, 6)).as("given back again").isZero();
            assertThat(own(ram)).isZero();
        }
    }

    @Test
    void ofARestoredMachineTheRunsAreLimitedAndTheRestIsKept() throws IOException {
        try (Mmap ram = restored()) {
            FreePages free = new FreePages(ram);
            for (int run = 0; run < Limits.MAX_FREE_RUNS; run++) {
                assertThat(free.giveBack((4L * run + 1) * Pages.SIZE, Pages.SIZE))
                        .isTrue();
            }
            assertThat(free.giveBack(3 * Pages.SIZE, Pages.SIZE))
                    .as("a run too many")
                    .isFalse();
            assertThat(value(ram, 3)).isEqualTo(OLD);
            assertThat(free.readsZeroUntouched(3 * Pages.SIZE)).isFalse();
            assertThat(free.giveBack(Pages.SIZE, Pages.SIZE))
                    .as("the same again")
                    .isTrue();
            assertThat(free.giveBack(2 * Pages.SIZE, Pages.SIZE))
                    .as("a run gets longer")
                    .isTrue();
            assertThat(free.giveBack(3 * Pages.SIZE, 2 * Pages.SIZE))
                    .as("two become one")
                    .isTrue();
            assertThat(free.giveBack(11 * Pages.SIZE, Pages.SIZE))
                    .as("so one more")
                    .isTrue();
            assertThat(free.giveBack(15 * Pages.SIZE, Pages.SIZE))
                    .as("but not two")
                    .isFalse();
            assertThat(free.giveBack(0, PAGES * Pages.SIZE))
                    .as("everything is one run")
                    .isTrue();
            assertThat(value(ram, PAGES - 1)).isZero();
        }
    }

    @Test
    void whatIsGivenBackAtRandomReadsZeroAndTheRestIsUnchanged() throws IOException {
        Random random = new Random(5);
        try (Mmap ram = restored()) {
            FreePages free = new FreePages(ram);
            byte[] expected = new byte[PAGES];
            Arrays.fill(expected, OLD);
            for (int step = 0; step < 2000; step++) {
                int first = random.nextInt(PAGES);
                int count = 1 + random.nextInt(Math.min(8, PAGES - first));
                if (random.nextInt(3) == 0) {
                    expected[first] = (byte) step;
                    set(ram, first, (byte) step);
                } else if (free.giveBack(first * Pages.SIZE, count * Pages.SIZE)) {
                    Arrays.fill(expected, first, first + count, (byte) 0);
                }
            }
            for (int page = 0; page < PAGES; page++) {
                assertThat(value(ram, page)).as("page %d", page).isEqualTo(expected[page]);
            }
        }
    }

    @Test
    void aHostThatRefusesLeavesTheGuestItsMemory() {
        Mmap ram = Mmap.anonymous(2 * Pages.SIZE);
        try (ram) {
            ram.segment().fill(OLD);
            assertThat(new FreePages(ram).giveBack(1, Pages.SIZE)).isFalse();
            assertThat(value(ram, 0)).isEqualTo(OLD);
        }
    }

    private Mmap restored() throws IOException {
        byte[] content = new byte[(int) (PAGES * Pages.SIZE)];
        Arrays.fill(content, OLD);
        Path file = directory.resolve("memory");
        Files.write(file, content);
        try (Fd fd = Fd.open(file.toString(), Fd.O_RDONLY, 0)) {
            return Mmap.privateCopyOf(fd, 0, PAGES * Pages.SIZE);
        }
    }

    private static void set(Mmap ram, int page, byte value) {
        ram.segment().set(JAVA_BYTE, page * Pages.SIZE, value);
    }

    private static byte value(Mmap ram, int page) {
        return ram.segment().get(JAVA_BYTE, page * Pages.SIZE);
    }

    private static int own(Mmap ram) {
        int own = 0;
        try (PageMap map = PageMap.open()) {
            int pages = map.load(ram.address(), PAGES);
            for (int i = 0; i < pages; i++) {
                own += PageMap.isOwnMemory(map.entry(i)) ? 1 : 0;
            }
        }
        return own;
    }
}
