package cloud.ignition.daemon.limits;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the real kernel reports is seen by {@code StandbyIT}; here, what is there without it. */
class MemoryPressureTest {
    @TempDir
    Path root;

    @Test
    void aKernelWithoutItIsNoError() {
        assertThat(MemoryPressure.watch(root, () -> {})).isEmpty();
    }

    @Test
    void aFileThatCannotBeWaitedForIsNoError() throws IOException {
        Files.createDirectories(root.resolve("proc/pressure"));
        Path file = Files.createFile(root.resolve("proc/pressure/memory"));

        assertThat(MemoryPressure.watch(root, () -> {})).isEmpty();
        assertThat(file).hasContent("some 200000 2000000\0");
    }

    @Test
    void itCanBeClosedWhereTheKernelHasIt() {
        MemoryPressure.watch(Path.of("/"), () -> {}).ifPresent(MemoryPressure::close);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("memory-pressure");
    }
}
