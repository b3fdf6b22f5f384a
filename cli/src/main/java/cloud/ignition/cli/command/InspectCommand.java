package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.Json;
import cloud.ignition.cli.json.JsonObject;

/** {@code ignition inspect}. */
final class InspectCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("inspect", "NAME", "show everything that is known of an application")
                .operands(1, 1)
                .detail("Prints JSON (described in docs/api.md), or a table of the last wakes, stage by stage.")
                .option(Option.flag("the last wakes as a table", "--wakes"))
                .example("ignition inspect web")
                .example("ignition inspect web --wakes");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject app =
                context.daemon().get(AppRequests.app(arguments.operands().getFirst()));
        if (!arguments.has("--wakes")) {
            context.out().println(Json.pretty(app));
        } else if (app.objects("lastWakes").isEmpty()) {
            context.err().println("ignition: " + app.text("name") + " has not been woken yet");
        } else {
            context.out().print(WakeLines.table(app));
        }
        return 0;
    }
}
