package cloud.ignition.cli.render;

import java.io.PrintStream;

/** Tells the steps of long work: on a terminal one line that is rewritten, else a line per step. */
public final class ProgressLine implements AutoCloseable {
    private static final String ERASE_LINE = "\r\u001b[K";

    private final PrintStream err;
    private final boolean terminal;
    private boolean shown;

    /** Writes to the given stream, which is standard error. */
    public ProgressLine(PrintStream err, boolean terminal) {
        this.err = err;
        this.terminal = terminal;
    }

    /** Shows the next step. */
    public void step(String message) {
        String line = Text.oneLine(message);
        if (terminal) {
            // A line that wraps could not be rewritten.
            err.print(ERASE_LINE + (line.length() > 78 ? line.substring(0, 77) + "…" : line));
            shown = true;
        } else {
            err.println(line);
        }
        err.flush();
    }

    @Override
    public void close() {
        clear();
    }

    /** Takes the line off the terminal, so that something else can be shown. */
    public void clear() {
        if (shown) {
            err.print(ERASE_LINE);
            err.flush();
            shown = false;
        }
    }
}
