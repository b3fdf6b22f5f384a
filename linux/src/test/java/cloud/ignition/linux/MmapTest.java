package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MmapTest {
    private static final long LARGE_PAGE = 2 << 20;

    @TempDir
    Path directory;

    @Test
    void anonymousMemoryIsAlignedZeroedAndWritable() {
        for (long size : new long[] {1, 4096, 3 * LARGE_PAGE + 4096, 64 * LARGE_PAGE}) {
            try (Mmap memory = Mmap.anonymous(size)) {
                assertThat(memory.address() % LARGE_PAGE).isZero();
                assertThat(memory.size()).isEqualTo(size);
                assertThat(memory.segment().byteSize()).isEqualTo(size);
                assertThat(memory.segment().address()).isEqualTo(memory.address());
                assertThat(memory.segment().get(JAVA_BYTE, size - 1)).isZero();
                memory.segment().set(JAVA_BYTE, size - 1, (byte) 5);
                assertThat(memory.segment().get(JAVA_BYTE, size - 1)).isEqualTo((byte) 5);
            }
        }
    }

    @Test
    void alignmentLeavesNothingMappedAround() throws IOException {
        try (Mmap memory = Mmap.anonymous(LARGE_PAGE)) {
            String range = String.format("%x-%x", memory.address(), memory.address() + LARGE_PAGE);
            // A neighbour with the same attributes would be merged into one line of a larger range.
            memory.advise(Mmap.MADV_DONTDUMP);
            assertThat(mappings()).anyMatch(line -> line.startsWith(range + " "));
        }
    }

    @Test
    void closeUnmapsOnce() throws IOException {
        Mmap memory = Mmap.anonymous(4096);
        String start = String.format("%x-", memory.address());
        memory.advise(Mmap.MADV_DONTDUMP);
        assertThat(mappings()).anyMatch(line -> line.startsWith(start));
        memory.close();
        memory.close();
        assertThat(mappings()).noneMatch(line -> line.startsWith(start));
        assertThatThrownBy(memory::segment)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aPrivateCopySeesTheFileAndKeepsItsWritesToItself() throws IOException {
        try (Fd file = file(3)) {
            try (Mmap a = Mmap.privateCopyOf(file, Pages.SIZE, 2 * Pages.SIZE);
                    Mmap b = Mmap.privateCopyOf(file, Pages.SIZE, 2 * Pages.SIZE)) {
                assertThat(a.segment().get(JAVA_LONG, 0)).isEqualTo(1);
                assertThat(a.segment().get(JAVA_LONG, Pages.SIZE)).isEqualTo(2);
                a.segment().set(JAVA_LONG, 0, 99);
                assertThat(a.segment().get(JAVA_LONG, 0)).isEqualTo(99);
                assertThat(b.segment().get(JAVA_LONG, 0)).isEqualTo(1);
            }
            assertThat(value(file, 1)).isEqualTo(1);
        }
    }

    @Test
    void aReadOnlyFileCanBeCopiedPrivately() throws IOException {
        file(1).close();
        try (Fd file = Fd.open(directory.resolve("pages").toString(), Fd.O_RDONLY, 0);
                Mmap copy = Mmap.privateCopyOf(file, 0, Pages.SIZE)) {
            copy.segment().set(JAVA_LONG, 8, 1);
            assertThatThrownBy(() -> Mmap.sharedOf(file, 0, Pages.SIZE))
                    .isInstanceOf(LinuxException.class)
                    .hasMessageContaining("pages")
                    .hasMessageEndingWith("Permission denied (EACCES)");
        }
    }

    @Test
    void discardingAPrivateCopyBringsTheFileBack() throws IOException {
        try (Fd file = file(2);
                Mmap copy = Mmap.privateCopyOf(file, 0, 2 * Pages.SIZE)) {
            copy.segment().set(JAVA_LONG, 0, 98);
            copy.segment().set(JAVA_LONG, Pages.SIZE, 99);
            copy.advise(Pages.SIZE, Pages.SIZE, Mmap.MADV_DONTNEED);
            assertThat(copy.segment().get(JAVA_LONG, 0)).isEqualTo(98);
            assertThat(copy.segment().get(JAVA_LONG, Pages.SIZE)).isEqualTo(1);
        }
    }

    @Test
    void aPartCanBeReplacedByZeroes() throws IOException {
        try (Fd file = file(3)) {
            Mmap copy = Mmap.privateCopyOf(file, 0, 3 * Pages.SIZE);
            copy.segment().set(JAVA_LONG, Pages.SIZE, 99);
            copy.replaceByZeroes(Pages.SIZE, Pages.SIZE);
            assertThat(copy.segment().get(JAVA_LONG, Pages.SIZE)).isZero();
            assertThat(copy.segment().get(JAVA_LONG, 2 * Pages.SIZE)).isEqualTo(2);
            copy.segment().set(JAVA_LONG, Pages.SIZE, 5);
            copy.advise(Pages.SIZE, Pages.SIZE, Mmap.MADV_DONTNEED);
            assertThat(copy.segment().get(JAVA_LONG, Pages.SIZE)).isZero();
            assertThat(value(file, 1)).isEqualTo(1);
            assertThatThrownBy(() -> copy.replaceByZeroes(2 * Pages.SIZE, 2 * Pages.SIZE))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> copy.replaceByZeroes(1, Pages.SIZE)).hasMessageContaining("EINVAL");
            copy.close();
            for (long page = 0; page < 3; page++) {
                String start = String.format("%x-", copy.address() + page * Pages.SIZE);
                assertThat(mappings()).noneMatch(line -> line.startsWith(start));
            }
        }
    }

    @Test
    void reservedAddressesTakeAFileOrZeroesLater() throws IOException {
        Mmap range = Mmap.reserved(2 * Pages.SIZE);
        range.advise(Mmap.MADV_DONTDUMP);
        String start = String.format("%x-", range.address());
        assertThat(range.address() % LARGE_PAGE).isZero();
        assertThat(mappings()).anyMatch(line -> line.startsWith(start) && line.contains(" ---p "));
        Fd file = file(3);
        range.placePrivateCopyOf(file, Pages.SIZE);
        assertThat(range.segment().get(JAVA_LONG, 0)).isEqualTo(1);
        assertThat(range.segment().get(JAVA_LONG, Pages.SIZE)).isEqualTo(2);
        range.segment().set(JAVA_LONG, 0, 99);
        assertThat(value(file, 1)).isEqualTo(1);
        assertThat(range.isAnonymous()).isFalse();
        assertThat(range.nextData(0)).isZero();
        range.placeZeroes();
        assertThat(file.isOpen()).isFalse();
        assertThat(range.segment().get(JAVA_LONG, Pages.SIZE)).isZero();
        assertThat(range.isAnonymous()).isTrue();
        range.close();
        assertThat(mappings()).noneMatch(line -> line.startsWith(start));
    }

    @Test
    void aFileThatCannotBePlacedStaysItsOwners() throws IOException {
        try (Fd file = file(1)) {
            Mmap range = Mmap.reserved(Pages.SIZE);
            assertThatThrownBy(() -> range.placePrivateCopyOf(file, 5)).hasMessageContaining("EINVAL");
            assertThat(file.isOpen()).isTrue();
            range.close();
            assertThatThrownBy(() -> range.placePrivateCopyOf(file, 0)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(range::placeZeroes).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aSharedMappingWritesTheFile() throws IOException {
        try (Fd file = file(1)) {
            try (Mmap shared = Mmap.sharedOf(file, 0, Pages.SIZE)) {
                shared.segment().set(JAVA_LONG, 0, 77);
            }
            assertThat(value(file, 0)).isEqualTo(77);
        }
    }

    @Test
    void refusesWhatCannotBeMapped() throws IOException {
        assertThatThrownBy(() -> Mmap.anonymous(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Mmap.anonymous(1L << 50))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("ENOMEM");
        try (Fd file = file(1)) {
            assertThatThrownBy(() -> Mmap.privateCopyOf(file, 5, Pages.SIZE)).hasMessageContaining("EINVAL");
            assertThatThrownBy(() -> Mmap.privateCopyOf(file, 0, -1)).isInstanceOf(IllegalArgumentException.class);
        }
        try (Mmap memory = Mmap.anonymous(Pages.SIZE)) {
            assertThatThrownBy(() -> memory.advise(0, 2 * Pages.SIZE, Mmap.MADV_DONTNEED))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> memory.advise(4711)).hasMessageContaining("madvise");
        }
    }

    @Test
    void roundsUpToPages() {
        assertThat(Pages.roundUp(0)).isZero();
        assertThat(Pages.roundUp(1)).isEqualTo(Pages.SIZE);
        assertThat(Pages.roundUp(Pages.SIZE)).isEqualTo(Pages.SIZE);
        assertThatThrownBy(() -> Pages.roundUp(Long.MAX_VALUE)).isInstanceOf(ArithmeticException.class);
    }

    /** A file of {@code count} pages, each starting with its number. */
    private Fd file(int count) {
        Fd file = Fd.open(directory.resolve("pages").toString(), Fd.O_RDWR | Fd.O_CREAT, 0600);
        file.truncate(count * Pages.SIZE);
        try (Arena arena = Arena.ofConfined()) {
            for (long i = 0; i < count; i++) {
                file.pwriteFully(arena.allocateFrom(JAVA_LONG, i), i * Pages.SIZE);
            }
        }
        return file;
    }

    private static long value(Fd file, long page) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(JAVA_LONG);
            assertThat(file.preadFully(buffer, page * Pages.SIZE)).isEqualTo(8);
            return buffer.get(JAVA_LONG, 0);
        }
    }

    @Test
    void knowsWhereTheFileOfAPrivateCopyHasData() throws IOException {
        long first = Pages.SIZE;
        Path path = directory.resolve("sparse");
        try (Arena arena = Arena.ofConfined();
                Fd file = Fd.open(path.toString(), Fd.O_RDWR | Fd.O_CREAT, 0600)) {
            file.truncate(first + 1000 * Pages.SIZE);
            MemorySegment one = arena.allocateFrom(JAVA_BYTE, (byte) 1);
            file.pwriteFully(one, first + 3 * Pages.SIZE);
            file.pwriteFully(one, first + 4 * Pages.SIZE + 7);
            file.pwriteFully(one, first + 800 * Pages.SIZE);
            try (Mmap copy = Mmap.privateCopyOf(file, first, 1000 * Pages.SIZE)) {
                assertThat(copy.nextData(0)).isEqualTo(3 * Pages.SIZE);
                assertThat(copy.nextHole(3 * Pages.SIZE)).isEqualTo(5 * Pages.SIZE);
                assertThat(copy.nextData(4 * Pages.SIZE)).isEqualTo(4 * Pages.SIZE);
                assertThat(copy.nextData(5 * Pages.SIZE)).isEqualTo(800 * Pages.SIZE);
                assertThat(copy.nextData(801 * Pages.SIZE)).isEqualTo(copy.size());
            }
        }
        try (Mmap memory = Mmap.anonymous(Pages.SIZE)) {
            assertThat(memory.nextData(0)).isEqualTo(Pages.SIZE);
        }
    }

    private static List<String> mappings() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps"));
    }
}
