package cloud.ignition.benchmarks.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Makes of a session's samples and facts a table, JSON and a picture. */
public final class Report {
    private final Samples samples;
    private final Map<String, String> facts;
    private final List<Goal> goals;

    Report(List<String> sampleLines, List<String> factLines) {
        samples = Samples.parse(sampleLines);
        facts = facts(factLines);
        goals = new Goals(samples).all();
    }

    /**
     * Reads {@code samples.tsv} and {@code facts.tsv} of a directory, writes {@code lab.md}, {@code lab.json} and {@code lab.svg} there, and
     * prints the table.
     */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        Report report = new Report(
                Files.readAllLines(directory.resolve("samples.tsv")),
                Files.readAllLines(directory.resolve("facts.tsv")));
        Files.writeString(directory.resolve("lab.md"), report.table());
        Files.writeString(directory.resolve("lab.json"), report.json());
        Files.writeString(directory.resolve("lab.svg"), report.picture());
        System.out.print(report.table());
    }

    private static Map<String, String> facts(List<String> lines) {
        Map<String, String> facts = new LinkedHashMap<>();
        for (String line : lines) {
            int tab = line.indexOf('\t');
            if (tab < 0) {
                throw new IllegalArgumentException("not a fact: '" + line + "'");
            }
            facts.put(line.substring(0, tab), line.substring(tab + 1));
        }
        return facts;
    }

    String table() {
        StringBuilder out = new StringBuilder();
        facts.forEach((name, value) ->
                out.append("- ").append(name).append(": ").append(value).append('\n'));
        out.append(
                "\n| part | who | what | unit | n | p50 | p95 | p99 | max |\n|---|---|---|---|---:|---:|---:|---:|---:|\n");
        for (Samples.Key key : samples.keys()) {
            Spread spread = samples.spread(key);
            Unit unit = Unit.of(key.what());
            out.append(String.join(
                            " | ",
                            "| " + key.part(),
                            key.who(),
                            Unit.bare(key.what()),
                            unit.symbol(),
                            Integer.toString(spread.count()),
                            unit.format(spread.p50()),
                            unit.format(spread.p95()),
                            unit.format(spread.p99()),
                            unit.format(spread.max())))
                    .append(" |\n");
        }
        out.append("\n| goal (ratio) | bound | seen | |\n|---|---:|---:|---|\n");
        goals.forEach(goal -> out.append(goal.row()).append('\n'));
        return out.toString();
    }

    String json() {
        List<String> factMembers = new ArrayList<>();
        facts.forEach((name, value) -> factMembers.add(quoted(name) + ":" + quoted(value)));
        List<String> sampleObjects = new ArrayList<>();
        for (Samples.Key key : samples.keys()) {
            Spread spread = samples.spread(key);
            sampleObjects.add(String.format(
                    Locale.ROOT,
                    "{\"part\":%s,\"who\":%s,\"what\":%s,\"count\":%d,\"p50\":%d,\"p95\":%d,\"p99\":%d,\"max\":%d}",
                    quoted(key.part()),
                    quoted(key.who()),
                    quoted(key.what()),
                    spread.count(),
                    spread.p50(),
                    spread.p95(),
                    spread.p99(),
                    spread.max()));
        }
        List<String> goalObjects = new ArrayList<>();
        for (Goal goal : goals) {
            goalObjects.add(String.format(
                    Locale.ROOT,
                    "{\"what\":%s,\"bound\":%.4f,\"atLeast\":%b,\"seen\":%s,\"verdict\":%s}",
                    quoted(goal.what()),
                    goal.bound(),
                    goal.atLeast(),
                    goal.seen().isPresent()
                            ? String.format(Locale.ROOT, "%.4f", goal.seen().getAsDouble())
                            : "null",
                    quoted(goal.verdict())));
        }
        return "{\"benchmark\":\"lab\",\n \"facts\":{" + String.join(",\n  ", factMembers) + "},\n \"samples\":[\n  "
                + String.join(",\n  ", sampleObjects) + "],\n \"goals\":[\n  " + String.join(",\n  ", goalObjects)
                + "]}\n";
    }

    String picture() {
        Picture picture = new Picture("SYN to first byte, ms: p50 the bar, p95 and p99 the marks");
        for (String part : List.of("warm", "dropped", "standby", "first", "boot")) {
            for (Samples.Key key : samples.keys()) {
                if (key.part().equals(part) && key.what().equals("first_byte_ns")) {
                    Spread spread = samples.spread(key);
                    picture.bar(
                            part + ", " + key.who(),
                            key.who().equals("ignition"),
                            spread.p50() / 1e6,
                            spread.p95() / 1e6,
                            spread.p99() / 1e6);
                }
            }
        }
        String time = facts.getOrDefault("time", "");
        return picture.svg(
                facts.getOrDefault("guest", "") + " · commit " + facts.getOrDefault("commit", "?") + " · " + time);
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
