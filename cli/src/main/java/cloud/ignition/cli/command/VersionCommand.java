package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;

/** {@code ignition version}. */
final class VersionCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("version", "", "show the versions of this command and of the daemon")
                .example("ignition version");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        context.out().println("ignition " + own());
        try {
            context.out()
                    .println("daemon " + context.daemon().get("/v1/version").text("version"));
        } catch (CliException e) {
            context.out().println("daemon not running at " + context.daemon().socket());
        }
        return 0;
    }

    private static String own() {
        var descriptor = VersionCommand.class.getModule().getDescriptor();
        return descriptor == null ? "unknown" : descriptor.rawVersion().orElse("unknown");
    }
}
