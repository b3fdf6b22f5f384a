package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;

/** Listed here for the help only: the start script runs the daemon in a JVM of its own. */
final class DaemonCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("daemon", "", "run the daemon in the foreground")
                .operands(0, Integer.MAX_VALUE)
                .example("ignition daemon --help");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        throw CliException.failed("the daemon is started by the script bin/ignition: use that instead of this program");
    }
}
