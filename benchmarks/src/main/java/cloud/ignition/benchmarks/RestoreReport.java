package cloud.ignition.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The comparison as a table for people and as JSON. All durations are in microseconds. */
final class RestoreReport {
    /** Goal of the project: our p50 over the C program's. */
    static final double GOAL_P50_RATIO = 1.3;

    /** Goal of the project: our p99 over our own p50. */
    static final double GOAL_P99_RATIO = 3;

    private record Line(String name, Percentiles of) {}

    private final RestoreBenchmark.Turns turns;
    private final Host host;
    private final Percentiles floor;
    private final Percentiles ignition;

    RestoreReport(RestoreBenchmark.Turns turns, Host host) {
        this.turns = turns;
        this.host = host;
        floor = all(turns.floor());
        ignition = all(turns.ignition());
    }

    double p50Ratio() {
        return ignition.p50() / floor.p50();
    }

    double p99Ratio() {
        return ignition.p99() / ignition.p50();
    }

    String table() {
        StringBuilder out = new StringBuilder();
        format(
                out,
                "Restore of a tiny machine, %d turns after %d to warm up · %s · %d cores · Linux %s · JDK %s · commit %s · load %s · %s%n%n",
                turns.floor().size(),
                turns.warmUp(),
                host.cpu(),
                host.cores(),
                host.kernel(),
                host.jdk(),
                host.commit(),
                host.load(),
                host.time());
        format(out, "| µs | p50 | p95 | p99 | max |%n|---|---:|---:|---:|---:|%n");
        for (Line line : lines()) {
            Percentiles of = line.of();
            format(out, "| %s | %.0f | %.0f | %.0f | %.0f |%n", line.name(), of.p50(), of.p95(), of.p99(), of.max());
        }
        format(out, "%nFirst restore of the process: %.0f µs.%n", turns.first()[turns.first().length - 1] / 1e3);
        goal(out, "p50 over the floor's", p50Ratio(), GOAL_P50_RATIO);
        goal(out, "p99 over its own p50", p99Ratio(), GOAL_P99_RATIO);
        format(out, "The floor's own p99 over its p50: %.2f.%n", floor.p99() / floor.p50());
        return out.toString();
    }

    String json() {
        StringBuilder out = new StringBuilder();
        format(
                out,
                "{\"benchmark\":\"restore\",\"unit\":\"us\",\"turns\":%d,\"warmUp\":%d,%n",
                turns.floor().size(),
                turns.warmUp());
        format(
                out,
                " \"host\":{\"cpu\":%s,\"cores\":%d,\"kernel\":%s,\"jdk\":%s,\"commit\":%s,\"load\":%s,\"time\":%s},%n",
                quoted(host.cpu()),
                host.cores(),
                quoted(host.kernel()),
                quoted(host.jdk()),
                quoted(host.commit()),
                quoted(host.load()),
                quoted(host.time()));
        format(out, " \"stages\":{");
        String comma = "";
        for (Line line : lines()) {
            Percentiles of = line.of();
            format(
                    out,
                    "%s%n  %s:{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"max\":%.1f}",
                    comma,
                    quoted(line.name()),
                    of.p50(),
                    of.p95(),
                    of.p99(),
                    of.max());
            comma = ",";
        }
        format(
                out,
                "},%n \"first\":%.1f,\"p50OverFloor\":%.3f,\"p99OverP50\":%.3f,\"floorP99OverP50\":%.3f}%n",
                turns.first()[turns.first().length - 1] / 1e3,
                p50Ratio(),
                p99Ratio(),
                floor.p99() / floor.p50());
        return out.toString();
    }

    private List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        for (Floor.Stage stage : Floor.Stage.values()) {
            lines.add(new Line("floor " + word(stage), stage(turns.floor(), stage.number())));
        }
        lines.add(new Line("floor all", floor));
        for (RestoredMachine.Stage stage : RestoredMachine.Stage.values()) {
            lines.add(new Line("ignition " + word(stage), stage(turns.ignition(), stage.number())));
        }
        lines.add(new Line("ignition all", ignition));
        return lines;
    }

    private static Percentiles stage(List<long[]> turns, int stage) {
        return Percentiles.of(turns.stream()
                .mapToLong(ends -> ends[stage] - (stage == 0 ? 0 : ends[stage - 1]))
                .toArray());
    }

    private static Percentiles all(List<long[]> turns) {
        return Percentiles.of(
                turns.stream().mapToLong(ends -> ends[ends.length - 1]).toArray());
    }

    private static void goal(StringBuilder out, String what, double is, double goal) {
        format(out, "%s: %.2f, goal at most %.1f: %s.%n", what, is, goal, is <= goal ? "met" : "missed");
    }

    private static String word(Enum<?> stage) {
        return stage.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void format(StringBuilder out, String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format, arguments));
    }
}
