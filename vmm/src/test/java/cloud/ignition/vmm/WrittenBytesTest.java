package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Mmap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bound of what a save writes: {@link ResidentMemory#writtenBytes}. */
class WrittenBytesTest {
    private static final long SIZE = 1L << 20;
    private static final long PAGE = 4096;

    @TempDir
    Path directory;

    @Test
    void aBootedMachinesAreThePagesThatWereWritten() {
        try (Mmap memory = Mmap.anonymous(SIZE)) {
            memory.advise(Mmap.MADV_NOHUGEPAGE);
            assertThat(written(memory)).isZero();
            write(memory.segment(), 0, 3, 255);
            assertThat(written(memory)).isEqualTo(3 * PAGE);
        }
    }

    @Test
    void aRestoredMachinesAreOnlyThoseWrittenSince() {
        try (Fd file = Fd.open(directory.resolve("memory").toString(), Fd.O_RDWR | Fd.O_CREAT, 0600)) {
            file.truncate(SIZE);
            try (Mmap memory = Mmap.privateCopyOf(file, 0, SIZE)) {
                for (long at = 0; at < SIZE; at += PAGE) {
                    assertThat(memory.segment().get(ValueLayout.JAVA_BYTE, at)).isZero();
                }
                assertThat(written(memory)).as("read").isZero();
                write(memory.segment(), 7, 9);
                assertThat(written(memory)).isEqualTo(2 * PAGE);
            }
        }
    }

    private static long written(Mmap memory) {
        return ResidentMemory.writtenBytes(memory.address(), SIZE).orElseThrow();
    }

    private static void write(MemorySegment memory, long... pages) {
        for (long page : pages) {
            memory.set(ValueLayout.JAVA_BYTE, page * PAGE, (byte) 1);
        }
    }
}
