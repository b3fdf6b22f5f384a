package cloud.ignition.cli.command;

import cloud.ignition.cli.json.JsonObject;
import java.io.PrintStream;

/** Shows log lines: the application's standard output on one stream, all else on the other. */
final class LogPrinter {
    private final PrintStream out;
    private final PrintStream err;
    private final boolean timestamps;

    private LogPrinter(PrintStream out, PrintStream err, boolean timestamps) {
        this.out = out;
        this.err = err;
        this.timestamps = timestamps;
    }

    /** Standard output to standard output, standard error to standard error. */
    static LogPrinter apart(Context context, boolean timestamps) {
        return new LogPrinter(context.out(), context.err(), timestamps);
    }

    /** Everything to standard error, with times: what led to a failure. */
    static LogPrinter explaining(Context context) {
        return new LogPrinter(context.err(), context.err(), true);
    }

    void print(JsonObject line) {
        String stream = line.text("stream");
        if (stream.equals("kernel") || stream.equals("ignition")) {
            // Not the application's words: only shown with their time, where they explain something.
            if (timestamps) {
                write(err, line, stream + ": ");
            }
            return;
        }
        write(stream.equals("stderr") ? err : out, line, "");
    }

    private void write(PrintStream to, JsonObject line, String prefix) {
        to.println((timestamps ? line.text("time") + " " : "") + prefix + line.text("line"));
        to.flush();
    }
}
