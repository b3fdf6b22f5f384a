package cloud.ignition.benchmarks;

import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** What of a wake from standby is the VMM's: a machine that stands paused in memory is let go on until its guest is heard. */
public final class StandbyBenchmark {
    private StandbyBenchmark() {}

    /**
     * Prints a table, microseconds.
     *
     * @param args wakes that count, wakes before them
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        System.out.print(table(run(Integer.parseInt(args[0]), Integer.parseInt(args[1]))));
    }

    static Percentiles run(int count, int warmUp) throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory("ignition-bench");
        Path snapshot = scratch.resolve("snapshot");
        try {
            TinySnapshot.write(snapshot, scratch);
            try (RestoredMachine machine = new RestoredMachine(snapshot, scratch.resolve("disk"))) {
                long[] all = machine.standBy(warmUp + count);
                return Percentiles.of(Arrays.copyOfRange(all, warmUp, all.length));
            }
        } finally {
            Scratch.delete(scratch);
        }
    }

    private static String table(Percentiles micros) {
        return String.format(
                Locale.ROOT,
                "| µs | p50 | p95 | p99 | max |%n|---|---:|---:|---:|---:|%n| wake from standby | %.0f | %.0f | %.0f | %.0f |%n",
                micros.p50(),
                micros.p95(),
                micros.p99(),
                micros.max());
    }
}
