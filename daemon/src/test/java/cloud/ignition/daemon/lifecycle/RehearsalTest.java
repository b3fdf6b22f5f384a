package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RehearsalTest {
    @TempDir
    Path directory;

    @Test
    void anAppRunsWakesAndSleepsAgain() throws InterruptedException {
        try (Rehearsal rehearsal = Rehearsal.open(directory.resolve("state"))) {
            rehearsal.play(2);
            AppView app = rehearsal.applications().inspect("rehearsed");
            assertThat(app.state()).isEqualTo(AppState.SLEEPING);
            assertThat(app.wakes()).isEqualTo(2);
            assertThat(app.coldBoots()).isEqualTo(1);
        }
    }
}
