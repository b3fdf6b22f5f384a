package cloud.ignition.cli.command;

import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Table;
import cloud.ignition.cli.render.Text;
import cloud.ignition.cli.render.Units;
import java.util.ArrayList;
import java.util.List;

/** The time lines of an application's wakes. */
final class WakeLines {
    private WakeLines() {}

    /** The last wake in one line: {@code packet-seen -> memory-mapped 0.81 ms -> …}. */
    static String lastLine(JsonObject app) {
        List<JsonObject> wakes = app.objects("lastWakes");
        if (wakes.isEmpty()) {
            return "not woken yet";
        }
        List<String> parts = new ArrayList<>();
        for (JsonObject stage : wakes.getLast().objects("stages")) {
            parts.add(stage.text("name") + " " + Units.millis(stage.number("nanos")));
        }
        String line = String.join(" -> ", parts);
        return Text.oneLine(wakes.getLast().flag("coldBoot") ? line + " (cold boot)" : line);
    }

    /** All wakes that are kept, a row per stage: when it was reached, and how long after the one before. */
    static Table table(JsonObject app) {
        Table table = new Table("WAKE", "STAGE", "REACHED AT", "TOOK");
        for (JsonObject wake : app.objects("lastWakes")) {
            String at = wake.text("at") + (wake.flag("coldBoot") ? " (cold boot)" : "");
            long before = 0;
            for (JsonObject stage : wake.objects("stages")) {
                long nanos = stage.number("nanos");
                table.row(at, stage.text("name"), Units.millis(nanos), Units.millis(nanos - before));
                before = nanos;
                at = "";
            }
        }
        return table;
    }
}
