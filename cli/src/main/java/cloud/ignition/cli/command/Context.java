package cloud.ignition.cli.command;

import cloud.ignition.cli.http.DaemonClient;
import cloud.ignition.cli.render.ProgressLine;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.Map;

/**
 * What a verb works with.
 *
 * @param out standard output: results only
 * @param err standard error: progress and everything else
 * @param terminal whether standard error is a terminal
 * @param environment the environment variables
 * @param clock for ages
 * @param daemon the daemon to talk to; connected on first use
 */
public record Context(
        PrintStream out,
        PrintStream err,
        boolean terminal,
        Map<String, String> environment,
        InstantSource clock,
        DaemonClient daemon) {

    /** A line for progress on standard error. */
    public ProgressLine progress() {
        return new ProgressLine(err, terminal);
    }
}
