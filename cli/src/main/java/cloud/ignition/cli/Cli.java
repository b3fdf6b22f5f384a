package cloud.ignition.cli;

import cloud.ignition.cli.args.ArgumentParser;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.HelpText;
import cloud.ignition.cli.args.Nearest;
import cloud.ignition.cli.command.Command;
import cloud.ignition.cli.command.Commands;
import cloud.ignition.cli.command.Context;
import cloud.ignition.cli.http.DaemonClient;
import cloud.ignition.cli.render.Text;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the verb, parses its words, runs it, and turns every failure into one line and an exit code. */
public final class Cli {
    private static final String DEFAULT_SOCKET = "/run/ignition.sock";
    private static final int BUG = 70;

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private final Map<String, String> environment;
    private final InstantSource clock;

    /**
     * A command line interpreter.
     *
     * @param terminal whether {@code err} is a terminal
     */
    public Cli(
            PrintStream out, PrintStream err, boolean terminal, Map<String, String> environment, InstantSource clock) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.environment = environment;
        this.clock = clock;
    }

    /** Runs one command line; gives the exit code. */
    public int execute(List<String> words) {
        try {
            return dispatch(words);
        } catch (CliException e) {
            err.println("ignition: " + Text.oneLine(String.valueOf(e.getMessage())));
            debug(e);
            return e.exitCode();
        } catch (RuntimeException e) {
            err.println("ignition: a bug in this command: " + Text.oneLine(e.toString())
                    + "; run it again with IGNITION_DEBUG=1 for the details");
            debug(e);
            return BUG;
        }
    }

    private int dispatch(List<String> words) {
        if (words.isEmpty()) {
            err.print(overview());
            return CliException.USAGE;
        }
        String verb = words.getFirst();
        List<String> rest = words.subList(1, words.size());
        if (verb.equals("help") && !rest.isEmpty()) {
            out.print(HelpText.of(command(rest.getFirst()).spec()));
            return 0;
        }
        if (verb.equals("help") || verb.equals("--help") || verb.equals("-h")) {
            out.print(overview());
            return 0;
        }
        Command command = command(verb.equals("--version") ? "version" : verb);
        CommandSpec spec = command.spec();
        Arguments arguments = ArgumentParser.parse(spec, rest);
        if (arguments.has("--help")) {
            out.print(HelpText.of(spec));
            return 0;
        }
        return command.run(
                arguments, new Context(out, err, terminal, environment, clock, new DaemonClient(socket(arguments))));
    }

    private static Command command(String name) {
        return Commands.find(name)
                .orElseThrow(() -> CliException.usage("unknown command '" + name + "'"
                        + Nearest.to(name, Commands.NAMES)
                                .map(near -> " (did you mean " + near + "?)")
                                .orElse("")
                        + "; see: ignition --help"));
    }

    private Path socket(Arguments arguments) {
        String path = arguments
                .value("--socket")
                .or(() ->
                        Optional.ofNullable(environment.get("IGNITION_SOCKET")).filter(text -> !text.isEmpty()))
                .orElse(DEFAULT_SOCKET);
        return Path.of(path).toAbsolutePath();
    }

    private static String overview() {
        StringBuilder text = new StringBuilder();
        text.append("Usage: ignition COMMAND [OPTIONS]\n\n");
        text.append("Container images as microVMs that sleep as files and wake on the first packet.\n\nCommands:\n");
        for (String name : Commands.NAMES) {
            HelpText.row(text, name, command(name).spec().summary());
        }
        text.append("""

                'ignition COMMAND --help' explains a command. The daemon must run: 'ignition daemon' (as root).

                Examples:
                  ignition doctor
                  ignition run -d --name web -p 8080:80 127.0.0.1:5000/nginx:latest
                  ignition ps
                  curl http://127.0.0.1:8080/ && ignition inspect web --wakes

                Environment:
                  IGNITION_SOCKET     the daemon's socket (default: /run/ignition.sock)
                  IGNITION_DEBUG=1    show where a failure came from
                """);
        return text.toString();
    }

    private void debug(Throwable failure) {
        if ("1".equals(environment.get("IGNITION_DEBUG"))) {
            failure.printStackTrace(err);
        }
    }
}
