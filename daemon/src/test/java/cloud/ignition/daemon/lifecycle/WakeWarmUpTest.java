package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real restores on /dev/kvm. */
@Timeout(60)
class WakeWarmUpTest {
    @TempDir
    Path directory;

    @Test
    void cleansUpAfterItselfAndAfterACrash() throws Exception {
        Path files = directory.resolve("warm-up");
        Files.createDirectories(files.resolve("snapshot.tmp"));
        Files.writeString(files.resolve("kernel"), "of a daemon that was killed");
        try (WakeWarmUp warmUp = new WakeWarmUp(files, 2)) {
            warmUp.runNow();
        }
        assertThat(files).doesNotExist();
    }

    @Test
    void aShutdownEndsItEarly() throws Exception {
        Path files = directory.resolve("warm-up");
        WakeWarmUp warmUp = new WakeWarmUp(files, Integer.MAX_VALUE);
        warmUp.start();
        warmUp.stepAside(); // stands for a while, and need not be waited for
        warmUp.close();
        assertThat(files).doesNotExist();
        warmUp.start();
        warmUp.close();
        assertThat(files).doesNotExist();
    }
}
