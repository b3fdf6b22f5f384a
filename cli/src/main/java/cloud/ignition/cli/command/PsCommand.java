package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.Json;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Table;
import cloud.ignition.cli.render.Units;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;

/** {@code ignition ps}. */
final class PsCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("ps", "", "list applications")
                .detail("MEMORY is what the machine occupies now: nothing while it sleeps. SNAPSHOT is disk space.")
                .option(Option.flag("only the names", "-q", "--quiet"))
                .option(Option.flag("everything, as JSON", "--json"))
                .option(Option.flag("the time line of each application's last wake", "--wakes"))
                .example("ignition ps")
                .example("ignition stop $(ignition ps -q)");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject answer = context.daemon().get("/v1/apps");
        List<JsonObject> apps = answer.objects("apps");
        if (arguments.has("--json")) {
            context.out().println(Json.pretty(answer));
        } else if (arguments.has("--quiet")) {
            apps.forEach(app -> context.out().println(app.text("name")));
        } else if (arguments.has("--wakes")) {
            apps.forEach(app -> context.out().println(app.text("name") + ": " + WakeLines.lastLine(app)));
        } else {
            context.out().print(table(apps, context.clock().instant()));
        }
        return 0;
    }

    private static Table table(List<JsonObject> apps, Instant now) {
        Table table = new Table("NAME", "IMAGE", "STATE", "MEMORY", "SNAPSHOT", "WAKES", "PORTS", "SINCE");
        for (JsonObject app : apps) {
            table.row(
                    app.text("name"),
                    app.text("image"),
                    state(app),
                    Units.mebibytes(app.number("residentBytes")),
                    Units.mebibytes(app.number("snapshotBytes")),
                    Long.toString(app.number("wakes")),
                    String.join(", ", app.object("spec").texts("ports")),
                    since(app.text("stateSince"), now));
        }
        return table;
    }

    private static String state(JsonObject app) {
        String ending = app.object("ending").text("kind");
        String why =
                app.optionalNumber("exitCode").map(code -> Long.toString(code)).orElse(ending);
        return app.text("state") + (why.isEmpty() ? "" : " (" + why + ")");
    }

    private static String since(String time, Instant now) {
        try {
            return Units.age(Instant.parse(time), now);
        } catch (DateTimeException e) {
            return "?";
        }
    }
}
