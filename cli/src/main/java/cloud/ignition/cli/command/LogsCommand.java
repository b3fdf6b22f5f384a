package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.render.Units;

/** {@code ignition logs}. */
final class LogsCommand implements Command {
    private static final int MOST_LINES = 1_000_000;

    @Override
    public CommandSpec spec() {
        return new CommandSpec("logs", "NAME", "show an application's output")
                .operands(1, 1)
                .detail("Its standard output goes to standard output, its standard error to standard error. The output")
                .detail("is kept while the application sleeps; -f goes on across sleeping and waking and ends when the")
                .detail("application ends.")
                .option(Option.flag("go on with new lines", "-f", "--follow"))
                .option(Option.value("N", "only the last N lines (default: all that are kept)", "-n", "--tail"))
                .option(Option.flag("show times, and Ignition's own lines", "-t", "--timestamps"))
                .example("ignition logs web")
                .example("ignition logs -f --tail 20 web");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        String target = AppRequests.logs(arguments.operands().getFirst(), arguments.has("--follow"));
        String tail = arguments
                .value("--tail")
                .map(text -> "&tail=" + Units.parseCount("--tail", text, 0, MOST_LINES))
                .orElse("");
        context.daemon().getEvents(target + tail, LogPrinter.apart(context, arguments.has("--timestamps"))::print);
        return 0;
    }
}
