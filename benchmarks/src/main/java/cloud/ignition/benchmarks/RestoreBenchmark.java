package cloud.ignition.benchmarks;

import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Restores a tiny machine with Ignition and with the C program, in turns within one run, and compares the two. Native: the
 * guest is a dozen instructions, what is measured is the work around it.
 */
public final class RestoreBenchmark {
    private RestoreBenchmark() {}

    /**
     * Runs it and writes {@code restore.json} and {@code restore.md}; prints the latter.
     *
     * @param args directory for the results, floor/restore.c, turns that count, turns before them, commit
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 5) {
            throw new IllegalArgumentException("usage: RestoreBenchmark RESULTS RESTORE_C TURNS WARM_UP COMMIT");
        }
        Path results = Files.createDirectories(Path.of(args[0]));
        Turns turns = run(Path.of(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        RestoreReport report = new RestoreReport(turns, Host.ofThisRun(args[4]));
        Files.writeString(results.resolve("restore.json"), report.json());
        String table = report.table();
        Files.writeString(results.resolve("restore.md"), table);
        System.out.print(table);
    }

    /** Who restores. */
    enum Contender {
        /** The C program. */
        FLOOR,
        /** The C program, its shell made beforehand. */
        FLOOR_WITH_SHELL,
        /** Ignition, everything made for the restore. */
        IGNITION,
        /** Ignition as the daemon has it: with a shell out of the pool. */
        IGNITION_WITH_SHELL
    }

    /**
     * What was measured: for each contender and turn, nanoseconds from the start to the end of each stage.
     *
     * @param first the very first restore of the process, which loads classes and is interpreted
     * @param warmUp turns after it that do not count
     */
    record Turns(Map<Contender, List<long[]>> of, long[] first, int warmUp) {
        List<long[]> of(Contender contender) {
            return Objects.requireNonNull(of.get(contender));
        }
    }

    static Turns run(Path floorSource, int count, int warmUp) throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory("ignition-bench");
        Path snapshot = scratch.resolve("snapshot");
        try {
            TinySnapshot.write(snapshot, scratch);
            try (Floor floor = Floor.start(floorSource, snapshot, scratch);
                    RestoredMachine ignition = new RestoredMachine(snapshot, scratch.resolve("disk"))) {
                return inTurns(floor, ignition, count, warmUp);
            }
        } finally {
            Scratch.delete(scratch);
        }
    }

    private static Turns inTurns(Floor floor, RestoredMachine ignition, int count, int warmUp)
            throws IOException, InterruptedException {
        long[] first = ignition.restore(false);
        Map<Contender, List<long[]>> of = new EnumMap<>(Contender.class);
        Contender[] order = Contender.values();
        for (Contender contender : order) {
            of.put(contender, new ArrayList<>());
        }
        for (int turn = 0; turn < warmUp + count; turn++) {
            for (int i = 0; i < order.length; i++) {
                // Each begins in its turn, so that nobody always meets what the same other one leaves behind.
                Contender contender = order[(turn + (turn % 2 == 0 ? i : order.length - i)) % order.length];
                long[] ends = switch (contender) {
                    case FLOOR -> floor.restore(false);
                    case FLOOR_WITH_SHELL -> floor.restore(true);
                    case IGNITION -> ignition.restore(false);
                    case IGNITION_WITH_SHELL -> ignition.restore(true);
                };
                if (turn >= warmUp) {
                    Objects.requireNonNull(of.get(contender)).add(ends);
                }
            }
        }
        return new Turns(of, first, warmUp);
    }
}
