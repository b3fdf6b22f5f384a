package cloud.ignition.cli.render;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Stages that follow each other, drawn as bars on one scale: as text, and as a part of an {@link SvgTimeLines} picture. */
public final class TimeLine {
    private static final int BAR_COLUMNS = 48;

    /**
     * One stage.
     *
     * @param name what is reached at its end
     * @param start nanoseconds since the first stage
     * @param end the same
     */
    public record Bar(String name, long start, long end) {}

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    /** An empty one. */
    public TimeLine(String title) {
        this.title = Text.oneLine(title);
    }

    /**
     * Adds the next stage, which begins where the one before ends.
     *
     * @param nanos since the first stage, when it was reached; not before the one before
     */
    public TimeLine reached(String name, long nanos) {
        long start = bars.isEmpty() ? 0 : bars.getLast().end();
        bars.add(new Bar(Text.oneLine(name), start, Math.max(start, nanos)));
        return this;
    }

    /** What it is of. */
    String title() {
        return title;
    }

    /** The stages. */
    List<Bar> bars() {
        return bars;
    }

    /** From the first stage to the last, nanoseconds, at least 1. */
    long span() {
        return bars.isEmpty() ? 1 : Math.max(1, bars.getLast().end());
    }

    /** A line for the title and one for each stage; no trailing spaces. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(title).append('\n');
        int width = bars.stream().mapToInt(bar -> bar.name().length()).max().orElse(0);
        for (Bar bar : bars) {
            int from = column(bar.start());
            int to = Math.max(column(bar.end()), bar.end() > bar.start() ? from + 1 : from);
            String line = String.format(
                    Locale.ROOT,
                    "  %-" + Math.max(1, width) + "s %10s %10s  |%s%s",
                    bar.name(),
                    Units.millis(bar.end()),
                    "+" + Units.millis(bar.end() - bar.start()),
                    " ".repeat(from),
                    "#".repeat(to - from));
            text.append(line.stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private int column(long nanos) {
        return (int) (nanos * BAR_COLUMNS / span());
    }
}
