package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;

/** {@code ignition rm}. */
final class RmCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("rm", "NAME...", "remove applications with their snapshots and logs")
                .operands(1, Integer.MAX_VALUE)
                .option(Option.flag("also running and sleeping ones", "-f", "--force"))
                .example("ignition rm web")
                .example("ignition rm -f $(ignition ps -q)");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        String query = arguments.has("--force") ? "?force=true" : "";
        return EachOperand.run(
                arguments.operands(), context, name -> context.daemon().delete(AppRequests.app(name) + query));
    }
}
