package cloud.ignition.daemon.lifecycle;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

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
        String last = lines.getLast().strip();
        return leadIn + last.substring(0, Math.min(last.length(), Limits.MAX_QUOTED_LINE));
    }
}
