package cloud.ignition.daemon.lifecycle;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The last lines a guest wrote, kept to say why it ended. Thread-safe. */
final class LastLines {
    private final Deque<String> lines = new ArrayDeque<>();

    synchronized void add(String line) {
        if (line.isBlank()) {
            return;
        }
        lines.add(line);
        if (lines.size() > Limits.KEPT_LAST_LINES) {
            lines.removeFirst();
        }
    }

    synchronized List<String> all() {
        return List.copyOf(lines);
    }

    /** The last line in quotes with a lead-in, or nothing. */
    synchronized String quoted(String leadIn) {
        if (lines.isEmpty()) {
            return "";
        }
        return leadIn + shortened(lines.getLast());
    }

    /** The newest line that holds a text. */
    synchronized Optional<String> newest(String text) {
        return lines.reversed().stream().filter(line -> line.contains(text)).findFirst();
    }

    /** A line as it is quoted in a message. */
    static String shortened(String line) {
        String stripped = line.strip();
        return stripped.substring(0, Math.min(stripped.length(), Limits.MAX_QUOTED_LINE));
    }
}
