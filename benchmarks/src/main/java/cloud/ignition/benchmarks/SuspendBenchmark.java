package cloud.ignition.benchmarks;

import cloud.ignition.vmm.BackgroundClosing;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.snapshot.TinySuspend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Saves a tiny machine in full and, restored, with a twentieth of its memory changed, in turns within one run; and restores
 * what was saved either way. Both saves are durable when they end, so a good part of what is measured is the disk under the results.
 */
public final class SuspendBenchmark {
    private static final String FULL = "save, all memory";
    private static final String CHANGES = "save, changes";
    private static final String FROM_BASE = "restore, base";
    private static final String FROM_CHANGES = "restore, base and changes";

    /** Of a machine with 64 MiB. */
    private static final int DATA_PAGES = 12_288;

    private static final int CHANGED_PAGES = 64 * 256 / 20;

    private SuspendBenchmark() {}

    /**
     * Runs it and writes {@code suspend.json} and {@code suspend.md}; prints the latter.
     *
     * @param args directory for the results, turns that count, turns before them, commit
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 4) {
            throw new IllegalArgumentException("usage: SuspendBenchmark RESULTS TURNS WARM_UP COMMIT");
        }
        Path results = Files.createDirectories(Path.of(args[0]));
        Turns turns = run(results, Integer.parseInt(args[1]), Integer.parseInt(args[2]));
        Host host = Host.ofThisRun(args[3]);
        Files.writeString(results.resolve("suspend.json"), json(turns, host));
        String table = table(turns, host);
        Files.writeString(results.resolve("suspend.md"), table);
        System.out.print(table);
    }

    /**
     * What was measured.
     *
     * @param nanos by what was done, of each turn
     * @param changedPages pages that differed from the base
     */
    record Turns(Map<String, long[]> nanos, long changedPages) {
        double ratio(String of, String to) {
            return Percentiles.of(nanos.get(of)).p50()
                    / Percentiles.of(nanos.get(to)).p50();
        }
    }

    /** @param results on the file system to measure */
    static Turns run(Path results, int count, int warmUp) throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory(results.toAbsolutePath(), "suspend");
        try (TinySuspend machines = new TinySuspend(scratch, DATA_PAGES, CHANGED_PAGES)) {
            Map<String, long[]> nanos = new LinkedHashMap<>();
            for (String what : new String[] {FULL, CHANGES, FROM_BASE, FROM_CHANGES}) {
                nanos.put(what, new long[count]);
            }
            for (int turn = -warmUp; turn < count; turn++) {
                Path full = scratch.resolve("full");
                Path changes = scratch.resolve("changes");
                keep(nanos, FULL, turn, time(() -> machines.saveAll(full)));
                keep(nanos, CHANGES, turn, time(() -> machines.saveChanges(changes)));
                keep(nanos, FROM_BASE, turn, machines.restore(full));
                keep(nanos, FROM_CHANGES, turn, machines.restore(changes));
                BackgroundClosing.await();
                Snapshot.delete(full);
                Snapshot.delete(changes);
            }
            return new Turns(nanos, machines.changedPages());
        } finally {
            BackgroundClosing.await();
            Scratch.delete(scratch);
        }
    }

    private static long time(Runnable what) {
        long start = System.nanoTime();
        what.run();
        return System.nanoTime() - start;
    }

    private static void keep(Map<String, long[]> nanos, String what, int turn, long took) {
        if (turn >= 0) {
            nanos.get(what)[turn] = took;
        }
    }

    static String table(Turns turns, Host host) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "Saves of a tiny machine of 64 MiB, %d pages of data, %d of them changed, %d turns · %s · %d cores · Linux %s"
                        + " · JDK %s · commit %s · load %s · %s%n%n",
                DATA_PAGES,
                turns.changedPages(),
                turns.nanos().get(FULL).length,
                host.cpu(),
                host.cores(),
                host.kernel(),
                host.jdk(),
                host.commit(),
                host.load(),
                host.time()));
        out.append("| µs | p50 | p95 | p99 | max |\n|---|---:|---:|---:|---:|\n");
        turns.nanos().forEach((what, nanos) -> {
            Percentiles p = Percentiles.of(nanos);
            out.append(String.format(
                    Locale.ROOT, "| %s | %.0f | %.0f | %.0f | %.0f |%n", what, p.p50(), p.p95(), p.p99(), p.max()));
        });
        double ratio = turns.ratio(CHANGES, FULL);
        out.append(String.format(
                Locale.ROOT,
                "%np50 of a save of the changes over one of all memory: %.3f, goal at most 0.2: %s.%n",
                ratio,
                ratio <= 0.2 ? "met" : "missed"));
        return out.toString();
    }

    static String json(Turns turns, Host host) {
        StringBuilder out = new StringBuilder();
        out.append(String.format(
                Locale.ROOT,
                "{\"commit\":\"%s\",\"time\":\"%s\",\"changed-pages\":%d",
                host.commit(),
                host.time(),
                turns.changedPages()));
        turns.nanos().forEach((what, nanos) -> {
            Percentiles p = Percentiles.of(nanos);
            out.append(String.format(
                    Locale.ROOT,
                    ",\"%s\":{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"max\":%.1f}",
                    what,
                    p.p50(),
                    p.p95(),
                    p.p99(),
                    p.max()));
        });
        return out.append("}\n").toString();
    }
}
