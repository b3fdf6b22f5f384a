package cloud.ignition.cli.command;

import cloud.ignition.cli.json.JsonObject;
import java.io.PrintStream;

/** Shows log lines: the application's standard output on ours, all else on standard error. */
final class LogPrinter {
    private final Context context;
    private final boolean timestamps;

    LogPrinter(Context context, boolean timestamps) {
        this.context = context;
        this.timestamps = timestamps;
    }

    void print(JsonObject line) {
        String stream = line.text("stream");
        if (stream.equals("kernel") || stream.equals("ignition")) {
            // Not the application's words: only shown with their time, where they explain something.
            if (timestamps) {
                write(context.err(), line, stream + ": ");
            }
            return;
        }
        write(stream.equals("stderr") ? context.err() : context.out(), line, "");
    }

    private void write(PrintStream to, JsonObject line, String prefix) {
        to.println((timestamps ? line.text("time") + " " : "") + prefix + line.text("line"));
        to.flush();
    }
}
