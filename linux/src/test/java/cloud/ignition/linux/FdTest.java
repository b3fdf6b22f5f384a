package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FdTest {
    @TempDir
    Path directory;

    private final Arena arena = Arena.ofConfined();
    private Fd fd;

    FdTest() {
        fd = Fd.open("/dev/null", Fd.O_RDWR, 0);
    }

    @BeforeEach
    void openFile() {
        fd.close();
        fd = Fd.open(directory.resolve("file").toString(), Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL, 0600);
    }

    @AfterEach
    void close() {
        fd.close();
        arena.close();
    }

    @Test
    void readsWhatWasWrittenAtTheFilePosition() throws Exception {
        assertThat(fd.write(bytes("hello"))).isEqualTo(5);
        assertThat(Files.readString(directory.resolve("file"))).isEqualTo("hello");
        MemorySegment buffer = arena.allocate(10);
        try (Fd again = Fd.open(directory.resolve("file").toString(), Fd.O_RDONLY, 0)) {
            assertThat(again.read(buffer)).isEqualTo(5);
            assertThat(buffer.getString(0)).isEqualTo("hello");
            assertThat(again.read(buffer)).as("at the end").isZero();
        }
    }

    @Test
    void tellsAFileFromWhatOnlyLooksLikeOne() {
        assertThat(fd.isRegularFile()).isTrue();
        for (String other : List.of("/dev/null", directory.toString())) {
            try (Fd opened = Fd.open(other, Fd.O_RDONLY, 0)) {
                assertThat(opened.isRegularFile()).as(other).isFalse();
            }
        }
    }

    @Test
    void readsAndWritesAtOffsets() {
        assertThat(fd.pwrite(bytes("world"), 6)).isEqualTo(5);
        assertThat(fd.size()).isEqualTo(11);
        MemorySegment buffer = arena.allocate(3);
        assertThat(fd.pread(buffer, 7)).isEqualTo(3);
        assertThat(buffer.toArray(JAVA_BYTE)).isEqualTo("orl".getBytes(US_ASCII));
        assertThat(fd.pread(buffer, 11)).isZero();
    }

    @Test
    void punchesHolesAndZeroesRanges() {
        MemorySegment data = arena.allocate(3 * 4096).fill((byte) 7);
        fd.pwriteFully(data, 0);
        int keep = Fd.FALLOC_FL_KEEP_SIZE;
        assertThat(fd.fallocate(Fd.FALLOC_FL_PUNCH_HOLE | keep, 4096, 4096)).isZero();
        assertThat(fd.seekHole(0)).isEqualTo(4096);
        assertThat(fd.preadFully(data, 0)).isEqualTo(3 * 4096);
        assertThat(data.get(JAVA_BYTE, 4095)).isEqualTo((byte) 7);
        assertThat(data.get(JAVA_BYTE, 4096)).isZero();
        assertThat(data.get(JAVA_BYTE, 8192)).isEqualTo((byte) 7);
        assertThat(fd.fallocate(Fd.FALLOC_FL_ZERO_RANGE | keep, 0, 100)).isIn(0, -Errno.EOPNOTSUPP);
        assertThat(fd.fallocate(Fd.FALLOC_FL_PUNCH_HOLE | keep, -1, 4096)).isEqualTo(-Errno.EINVAL);
        try (Fd readOnly = Fd.open(directory.resolve("file").toString(), Fd.O_RDONLY, 0)) {
            assertThat(readOnly.fallocate(Fd.FALLOC_FL_PUNCH_HOLE | keep, 0, 4096))
                    .isEqualTo(-Errno.EBADF);
        }
    }

    @Test
    void gathersAndScattersThroughIovecs() {
        MemorySegment out = iovecs(bytes("abc"), bytes("defgh"));
        assertThat(fd.writev(out, 2)).isEqualTo(8);
        assertThat(fd.pwritev(out, 2, 8)).isEqualTo(8);
        MemorySegment first = arena.allocate(6);
        MemorySegment second = arena.allocate(2);
        assertThat(fd.preadv(iovecs(first, second), 2, 4)).isEqualTo(8);
        assertThat(text(first) + text(second)).isEqualTo("efghabcd");
        try (Fd again = Fd.open(directory.resolve("file").toString(), Fd.O_RDONLY, 0)) {
            assertThat(again.readv(iovecs(first, second), 2)).isEqualTo(8);
            assertThat(text(first) + text(second)).isEqualTo("abcdefgh");
        }
    }

    @Test
    void refusesMoreIovecsThanTheSegmentHolds() {
        MemorySegment one = iovecs(bytes("abc"));
        assertThatThrownBy(() -> fd.writev(one, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fd.preadv(one, -1, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fullTransfersGoOnUntilAllIsDone() {
        fd.pwriteFully(bytes("0123456789"), 100);
        MemorySegment buffer = arena.allocate(10);
        assertThat(fd.preadFully(buffer, 100)).isEqualTo(10);
        assertThat(text(buffer)).isEqualTo("0123456789");
        assertThat(fd.preadFully(buffer, 104)).as("up to the end").isEqualTo(6);
    }

    @Test
    void errorsOfTheHotPathAreNegativeErrnos() {
        try (Fd readOnly = Fd.open(directory.resolve("file").toString(), Fd.O_RDONLY, 0)) {
            assertThat(readOnly.write(bytes("x"))).isEqualTo(-Errno.EBADF);
            assertThat(readOnly.pread(bytes("x"), -1)).isEqualTo(-Errno.EINVAL);
            assertThat(readOnly.ioctl(0x1234, 0)).isEqualTo(-Errno.ENOTTY);
            assertThat(readOnly.ioctl(0x1234, bytes("x"))).isEqualTo(-Errno.ENOTTY);
        }
        try (EventFd empty = EventFd.create()) {
            assertThat(empty.fd().read(arena.allocate(JAVA_LONG))).isEqualTo(-Errno.EAGAIN);
        }
    }

    @Test
    void errorsHaveOneLineWithCallThingReasonAndName() {
        assertThatThrownBy(() -> Fd.open("/no/such/file", Fd.O_RDONLY, 0))
                .isInstanceOfSatisfying(LinuxException.class, e -> {
                    assertThat(e).hasMessage("open /no/such/file: No such file or directory (ENOENT)");
                    assertThat(e.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(e.call()).isEqualTo("open /no/such/file");
                });
        assertThatThrownBy(() -> fd.truncate(-1)).hasMessageEndingWith("file: Invalid argument (EINVAL)");
    }

    @Test
    void pathWithNulIsRefusedInsteadOfCut() {
        assertThatThrownBy(() -> Fd.open("/dev/null\0/x", Fd.O_RDONLY, 0))
                .isInstanceOf(LinuxException.class)
                .hasMessage("open /dev/null?/x: Invalid argument (EINVAL)");
    }

    @Test
    void findsDataAndHolesOfASparseFile() {
        long mebibyte = 1 << 20;
        fd.truncate(4 * mebibyte);
        fd.pwriteFully(bytes("data"), 2 * mebibyte);
        fd.fsync();
        fd.fdatasync();
        assertThat(fd.size()).isEqualTo(4 * mebibyte);
        assertThat(fd.seekData(0)).isEqualTo(2 * mebibyte);
        assertThat(fd.seekHole(2 * mebibyte)).isGreaterThan(2 * mebibyte).isLessThan(3 * mebibyte);
        assertThat(fd.seekData(3 * mebibyte)).as("only a hole follows").isEqualTo(-1);
        assertThat(fd.seekHole(4 * mebibyte)).as("at the end").isEqualTo(-1);
    }

    @Test
    void syncsADirectory() {
        try (Fd dir = Fd.open(directory.toString(), Fd.O_RDONLY | Fd.O_DIRECTORY, 0)) {
            dir.fsync();
        }
    }

    @Test
    void opensCloseOnExec() throws Exception {
        String flags = Files.readString(Path.of("/proc/self/fdinfo/" + fd.number()));
        int octal = Integer.parseInt(
                flags.lines()
                        .filter(l -> l.startsWith("flags:"))
                        .findFirst()
                        .orElseThrow()
                        .substring(6)
                        .strip(),
                8);
        assertThat(octal & Fd.O_CLOEXEC).isNotZero();
    }

    @Test
    void secondCloseDoesNotCloseTheNumbersNextOwner() {
        int number = fd.number();
        fd.close();
        // The kernel hands out the lowest free number; other threads of the JVM may take some too.
        List<Fd> opened = new ArrayList<>();
        try {
            do {
                opened.add(Fd.open("/dev/null", Fd.O_RDWR, 0));
            } while (opened.getLast().number() < number);
            assertThat(opened).anyMatch(next -> next.number() == number);
            fd.close();
            assertThat(opened).allMatch(next -> next.write(bytes("x")) == 1);
        } finally {
            opened.forEach(Fd::close);
        }
    }

    @Test
    void manyThreadsCloseOnce() throws Exception {
        // If two threads both closed the number, the second would get EBADF and throw, or close another test's
        // descriptor.
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int round = 0; round < 200; round++) {
                Fd shared = Fd.open("/dev/null", Fd.O_RDWR, 0);
                CountDownLatch start = new CountDownLatch(1);
                List<Future<?>> closers = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    closers.add(threads.submit(() -> {
                        start.await();
                        shared.close();
                        return null;
                    }));
                }
                start.countDown();
                for (Future<?> closer : closers) {
                    closer.get();
                }
                assertThat(shared.isOpen()).isFalse();
            }
        }
    }

    @Test
    void aClosedOneAnswersEbadfAndHidesItsNumber() {
        int number = fd.number();
        fd.close();
        assertThat(fd.isOpen()).isFalse();
        assertThat(fd.read(arena.allocate(1))).isEqualTo(-Errno.EBADF);
        assertThat(fd.ioctl(0, 0)).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(fd::fsync).isInstanceOf(LinuxException.class).hasMessageContaining("EBADF");
        assertThatThrownBy(fd::number).isInstanceOf(IllegalStateException.class).hasMessageContaining("fd " + number);
    }

    @Test
    void noticesThatSomebodyElseClosedItsNumber() {
        Fd thief = Fd.adopt(fd.number(), "the same number");
        thief.close();
        assertThatThrownBy(fd::close).isInstanceOf(IllegalStateException.class).hasMessageContaining("somebody else");
    }

    @Test
    void adoptsOnlyDescriptors() {
        assertThatThrownBy(() -> Fd.adopt(-1, "x")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void saysWhatItIs() {
        String path = directory.resolve("file").toString();
        String open = "fd " + fd.number() + " (" + path + ")";
        assertThat(fd).hasToString(open);
        fd.close();
        assertThat(fd).hasToString(open.replace(" (", ", closed ("));
    }

    private MemorySegment iovecs(MemorySegment... buffers) {
        MemorySegment array = arena.allocate(Structs.IOVEC, buffers.length);
        for (int i = 0; i < buffers.length; i++) {
            array.setAtIndex(JAVA_LONG, 2L * i, buffers[i].address());
            array.setAtIndex(JAVA_LONG, 2L * i + 1, buffers[i].byteSize());
        }
        return array;
    }

    private MemorySegment bytes(String ascii) {
        return arena.allocateFrom(ascii).asSlice(0, ascii.length());
    }

    private static String text(MemorySegment ascii) {
        return new String(ascii.toArray(JAVA_BYTE), US_ASCII);
    }
}
