package cloud.ignition.benchmarks;

import cloud.ignition.benchmarks.RestoreBenchmark.Contender;
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

    RestoreReport(RestoreBenchmark.Turns turns, Host host) {
        this.turns = turns;
        this.host = host;
    }

    /** Ours over the C program's, like with like: both with a shell made beforehand. */
    double p50Ratio() {
        return all(Contender.IGNITION_WITH_SHELL).p50()
                / all(Contender.FLOOR_WITH_SHELL).p50();
    }

    /** As a wake does it, over a C program that has nothing beforehand. */
    double p50RatioToWholeFloor() {
        return all(Contender.IGNITION_WITH_SHELL).p50() / all(Contender.FLOOR).p50();
    }

    /** Neither has anything beforehand. */
    double p50RatioWithoutShells() {
        return all(Contender.IGNITION).p50() / all(Contender.FLOOR).p50();
    }

    double p99Ratio() {
        return spread(Contender.IGNITION_WITH_SHELL);
    }

    private double spread(Contender contender) {
        return all(contender).p99() / all(contender).p50();
    }

    String table() {
        StringBuilder out = new StringBuilder();
        format(
                out,
                "Restore of a tiny machine, %d turns after %d to warm up · %s · %d cores · Linux %s · JDK %s · commit %s · load %s · %s%n%n",
                turns.of(Contender.FLOOR).size(),
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
        goal(out, "p50 over the floor's, both with a shell beforehand", p50Ratio(), GOAL_P50_RATIO);
        goal(out, "p50 with a shell over the floor's that makes all", p50RatioToWholeFloor(), GOAL_P50_RATIO);
        goal(out, "p50 over the floor's, neither with a shell", p50RatioWithoutShells(), GOAL_P50_RATIO);
        goal(out, "p99 over its own p50, with a shell", p99Ratio(), GOAL_P99_RATIO);
        format(
                out,
                "p99 over p50 of the floor with a shell: %.2f, of the floor that makes all: %.2f, of Ignition without: %.2f.%n",
                spread(Contender.FLOOR_WITH_SHELL),
                spread(Contender.FLOOR),
                spread(Contender.IGNITION));
        return out.toString();
    }

    String json() {
        StringBuilder out = new StringBuilder();
        format(
                out,
                "{\"benchmark\":\"restore\",\"unit\":\"us\",\"turns\":%d,\"warmUp\":%d,%n",
                turns.of(Contender.FLOOR).size(),
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
                "},%n \"first\":%.1f,\"p50OverFloor\":%.3f,\"p50OverWholeFloor\":%.3f,\"p50OverFloorWithoutShells\":%.3f,"
                        + "\"p99OverP50\":%.3f,\"floorP99OverP50\":%.3f}%n",
                turns.first()[turns.first().length - 1] / 1e3,
                p50Ratio(),
                p50RatioToWholeFloor(),
                p50RatioWithoutShells(),
                p99Ratio(),
                spread(Contender.FLOOR_WITH_SHELL));
        return out.toString();
    }

    private List<Line> lines() {
        List<Line> lines = new ArrayList<>();
        for (Contender contender : Contender.values()) {
            String name = word(contender.name());
            switch (contender) {
                case FLOOR -> addStages(lines, name, contender, Floor.Stage.values());
                case FLOOR_WITH_SHELL ->
                    addStages(
                            lines,
                            name,
                            contender,
                            Floor.Stage.READ,
                            Floor.Stage.MAP,
                            Floor.Stage.STATE,
                            Floor.Stage.RUN);
                case IGNITION, IGNITION_WITH_SHELL -> addStages(lines, name, contender, RestoredMachine.Stage.values());
            }
            lines.add(new Line(name + " all", all(contender)));
        }
        return lines;
    }

    private void addStages(List<Line> lines, String name, Contender contender, RestoreStage... stages) {
        for (RestoreStage stage : stages) {
            lines.add(new Line(name + " " + word(stage.name()), stage(turns.of(contender), stage.number())));
        }
    }

    private Percentiles all(Contender contender) {
        return Percentiles.of(turns.of(contender).stream()
                .mapToLong(ends -> ends[ends.length - 1])
                .toArray());
    }

    private static Percentiles stage(List<long[]> turns, int stage) {
        return Percentiles.of(turns.stream()
                .mapToLong(ends -> ends[stage] - (stage == 0 ? 0 : ends[stage - 1]))
                .toArray());
    }

    private static void goal(StringBuilder out, String what, double is, double goal) {
        format(out, "%s: %.2f, goal at most %.1f: %s.%n", what, is, goal, is <= goal ? "met" : "missed");
    }

    private static String word(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void format(StringBuilder out, String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format, arguments));
    }
}
