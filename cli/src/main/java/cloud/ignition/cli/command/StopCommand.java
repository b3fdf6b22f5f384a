package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Units;

/** {@code ignition stop}. */
final class StopCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("stop", "NAME...", "end applications")
                .operands(1, Integer.MAX_VALUE)
                .detail(
                        "The application gets its stop signal and some time, then the machine is switched off. Its memory")
                .detail("and snapshots are gone, packets no longer wake it; 'ignition start' boots it anew.")
                .option(Option.value("TIME", "how long to wait for the application (default: 10s)", "-t", "--time"))
                .example("ignition stop web")
                .example("ignition stop -t 60s db");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject request = new JsonObject();
        arguments
                .value("--time")
                .ifPresent(text -> request.put(
                        "graceMillis", Units.parseDuration("--time", text).toMillis()));
        return EachOperand.run(
                arguments.operands(), context, name -> context.daemon().post(AppRequests.stop(name), request));
    }
}
