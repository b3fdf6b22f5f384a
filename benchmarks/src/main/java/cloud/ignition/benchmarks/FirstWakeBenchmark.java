package cloud.ignition.benchmarks;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.WarmUp;
import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What the first restore of a process takes behind a warm-up of some length, compared with the later ones of the same process: one
 * process for each line. The snapshot comes from another process, so that its making warms nothing.
 */
public final class FirstWakeBenchmark {
    private static final int STEADY = 400;

    private FirstWakeBenchmark() {}

    /**
     * Either {@code save DIRECTORY}, or {@code measure DIRECTORY RESTORES}: how many times the built-in guest is restored before.
     * Prints one line of a table, microseconds.
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path directory = Path.of(args[1]);
        if (args[0].equals("save")) {
            TinySnapshot.write(directory.resolve("snapshot"), directory);
        } else {
            System.out.println(measure(directory, Integer.parseInt(args[2]), STEADY));
        }
    }

    /** @param count restores behind the warm-up; the second half of them is steady */
    static String measure(Path directory, int restores, int count) throws IOException, InterruptedException {
        long start = System.nanoTime();
        if (restores > 0) {
            Path scratch = Files.createTempDirectory("ignition-warm-up");
            try (Tap tap = Tap.open("igb" + ProcessHandle.current().pid() + "w", false)) {
                WarmUp.run(scratch, Optional.of(tap), restores, () -> true);
            } finally {
                Scratch.delete(scratch);
            }
        }
        double warmUpMillis = (System.nanoTime() - start) / 1e6;
        try (RestoredMachine machine = new RestoredMachine(directory.resolve("snapshot"), directory.resolve("disk"))) {
            machine.expect();
            long[] all = new long[count];
            for (int i = 0; i < all.length; i++) {
                long[] ends = machine.restore(true);
                all[i] = ends[ends.length - 1];
            }
            Percentiles steady = Percentiles.of(Arrays.copyOfRange(all, count / 2, count));
            return String.format(
                    Locale.ROOT,
                    "| %d | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f |",
                    restores,
                    warmUpMillis,
                    all[0] / 1e3,
                    all[1] / 1e3,
                    all[Math.min(9, count - 1)] / 1e3,
                    steady.p50(),
                    all[0] / 1e3 / steady.p50());
        }
    }
}
