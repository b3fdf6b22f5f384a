package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;

/** A verb. */
public interface Command {
    /** What it accepts and how its help reads. */
    CommandSpec spec();

    /**
     * Does it.
     *
     * @return the process exit code
     */
    int run(Arguments arguments, Context context);
}
