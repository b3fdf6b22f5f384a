package cloud.ignition.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** All benchmarks do their work; how long it takes is not looked at here. Needs /dev/kvm and a C compiler. */
class BenchmarksTest {
    private static final Path FLOOR = Path.of(System.getProperty("ignition.root", ".."), "benchmarks/floor/restore.c");

    @Test
    void bothSidesRestoreInTurns() throws Exception {
        RestoreBenchmark.Turns turns = RestoreBenchmark.run(FLOOR, 3, 1);
        for (RestoreBenchmark.Contender contender : RestoreBenchmark.Contender.values()) {
            assertThat(turns.of(contender)).hasSize(3).allSatisfy(BenchmarksTest::rises);
        }
        RestoreReport report = new RestoreReport(turns, new Host("a \"CPU\"", 2, "6", "25", "abc", "0 0 0", "now"));
        assertThat(report.p50Ratio()).isPositive();
        assertThat(report.table())
                .contains("| floor run |", "| ignition with shell all |", "p99 over its own p50, with a shell: ");
        assertThat(report.json()).contains("\"cpu\":\"a \\\"CPU\\\"\"", "\"ignition entered\":{\"p50\":");
    }

    private static void rises(long[] ends) {
        assertThat(ends[0]).isPositive();
        assertThat(ends).isSorted();
    }

    @Test
    void theFirstRestoreIsMeasuredBehindAWarmUp(@TempDir Path directory) throws Exception {
        TinySnapshot.write(directory.resolve("snapshot"), directory);
        assertThat(FirstWakeBenchmark.measure(directory, 2, 4))
                .startsWith("| 2 | ")
                .endsWith(" |");
    }

    @Test
    void percentilesAreByNearestRank() {
        long[] nanos = new long[101];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = (100 - i) * 1000L;
        }
        assertThat(Percentiles.of(nanos)).isEqualTo(new Percentiles(50, 95, 99, 100));
    }

    @Test
    void eachMicrobenchmarkRuns() throws Exception {
        assertThat(new Runner(new OptionsBuilder()
                                .include("cloud\\.ignition\\.benchmarks\\.")
                                .forks(0)
                                .warmupIterations(0)
                                .measurementIterations(1)
                                .measurementTime(TimeValue.milliseconds(20))
                                .shouldFailOnError(true)
                                .verbosity(VerboseMode.SILENT)
                                .build())
                        .run())
                .hasSize(4 + 4 + 3 + 1);
    }

    @Test
    void standbyIsMeasured() throws Exception {
        Percentiles micros = StandbyBenchmark.run(5, 1);
        assertThat(micros.p50()).isPositive();
        assertThat(micros.max()).isGreaterThanOrEqualTo(micros.p50());
    }
}
