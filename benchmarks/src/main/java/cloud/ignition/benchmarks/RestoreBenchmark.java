package cloud.ignition.benchmarks;

import cloud.ignition.vmm.snapshot.TinySnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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

    /**
     * What was measured: for each turn, nanoseconds from the start to the end of each stage.
     *
     * @param first the very first restore of the process, which loads classes and is interpreted
     * @param warmUp turns after it that do not count
     */
    record Turns(List<long[]> floor, List<long[]> ignition, long[] first, int warmUp) {}

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
        long[] first = ignition.restore();
        List<long[]> floors = new ArrayList<>();
        List<long[]> ours = new ArrayList<>();
        for (int turn = 0; turn < warmUp + count; turn++) {
            // Each goes first in every other turn, so that neither always meets what the other leaves behind.
            boolean floorFirst = turn % 2 == 0;
            long[] before = floorFirst ? floor.restore() : ignition.restore();
            long[] behind = floorFirst ? ignition.restore() : floor.restore();
            if (turn >= warmUp) {
                floors.add(floorFirst ? before : behind);
                ours.add(floorFirst ? behind : before);
            }
        }
        return new Turns(floors, ours, first, warmUp);
    }
}
