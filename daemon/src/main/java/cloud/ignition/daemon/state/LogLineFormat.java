package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.LogLine;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/** A log line as text: {@code 2026-11-24T01:02:03.000456Z o the text}. Only a line end is ever replaced in the text. */
final class LogLineFormat {
    /** The last second that was written: an application writes many lines in each, and to format a time is most of a line's work. */
    private static volatile Second last = Second.of(0);

    private LogLineFormat() {}

    static String write(LogLine line) {
        String text = line.text();
        if (text.length() > Limits.MAX_LOG_LINE) {
            text = text.substring(0, Limits.MAX_LOG_LINE);
        }
        return time(line.time()) + " " + line.stream().letter() + " " + text.replace('\n', ' ') + "\n";
    }

    /** As {@link Instant#toString} writes it, with microseconds. */
    private static String time(Instant time) {
        Second second = last;
        if (second.number != time.getEpochSecond()) {
            second = Second.of(time.getEpochSecond());
            last = second;
        }
        String micros = Integer.toString(1_000_000 + time.getNano() / 1000);
        return second.text + "." + micros.substring(1) + "Z";
    }

    private record Second(long number, String text) {
        static Second of(long number) {
            String whole = Instant.ofEpochSecond(number).toString();
            return new Second(number, whole.substring(0, whole.length() - 1)); // Z
        }
    }

    /** The line, or empty when the text is not one (for example cut off by a crash). */
    static Optional<LogLine> read(String text) {
        int first = text.indexOf(' ');
        if (first < 0 || text.length() < first + 3 || text.charAt(first + 2) != ' ') {
            return Optional.empty();
        }
        for (LogLine.Source source : LogLine.Source.values()) {
            if (source.letter() == text.charAt(first + 1)) {
                try {
                    return Optional.of(
                            new LogLine(Instant.parse(text.substring(0, first)), source, text.substring(first + 3)));
                } catch (DateTimeException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
