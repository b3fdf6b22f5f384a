package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.Mmap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryFileTest {
    private static final int O_RDWR_CREAT = 0x42;
    private static final long SIZE = 64L << 20;

    @TempDir
    Path directory;

    @Test
    void keepsEveryPageAndLeavesHolesForZeroes() throws IOException {
        Path file = directory.resolve("memory");
        Random random = new Random(1);
        long pages = 0;
        try (Mmap memory = Mmap.anonymous(SIZE);
                Fd fd = Fd.open(file.toString(), O_RDWR_CREAT, 0600)) {
            for (long at = 0; at < SIZE; at += 4096) {
                // Runs longer than one write, single pages, first and last page.
                if (at < 9L << 20 || at == SIZE - 4096 || random.nextInt(50) == 0) {
                    memory.segment().set(ValueLayout.JAVA_BYTE, at + random.nextInt(4096), (byte) 1);
                    pages++;
                }
            }
            MemoryFile.Written written = MemoryFile.write(memory, fd);
            assertThat(written.dataBytes()).isEqualTo(pages * 4096);
            try (Mmap copy = Mmap.privateCopyOf(fd, 0, SIZE)) {
                assertThat(MemorySegment.mismatch(memory.segment(), 0, SIZE, copy.segment(), 0, SIZE))
                        .isEqualTo(-1);
                assertThat(MemoryFile.check(fd, copy.segment())).isEqualTo(written);
                copy.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 77);
                assertThat(MemoryFile.check(fd, copy.segment()).crc32c()).isNotEqualTo(written.crc32c());
            }
        }
        long blocks = ((Number) Files.getAttribute(file, "unix:size")).longValue();
        assertThat(blocks).isEqualTo(SIZE);
    }
}
