package cloud.ignition.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** It does its work; how long it takes is not looked at here. */
class SuspendBenchmarkTest {
    @TempDir
    Path results;

    @Test
    void savesAndRestoresBothWays() throws Exception {
        SuspendBenchmark.Turns turns = SuspendBenchmark.run(results, 2, 1);
        assertThat(turns.nanos().values())
                .hasSize(4)
                .allSatisfy(nanos -> assertThat(nanos).hasSize(2).doesNotContain(0));
        assertThat(turns.changedPages()).isBetween(400L, 64L * 256 / 20 + 16);
        Host host = new Host("a CPU", 2, "6", "25", "abc", "0 0 0", "now");
        assertThat(SuspendBenchmark.table(turns, host)).contains("| save, changes |", "goal at most 0.2: ");
        assertThat(SuspendBenchmark.json(turns, host)).contains("\"restore, base and changes\":{\"p50\":");
    }
}
