package cloud.ignition.daemon.app;

import java.time.Instant;

/**
 * One line of an app's log.
 *
 * @param time when the host got it
 * @param stream where it came from
 * @param text the line without its end
 */
public record LogLine(Instant time, Source stream, String text) {

    /** Where a line came from. */
    public enum Source {
        /** The application's standard output. */
        STDOUT('o'),
        /** The application's standard error. */
        STDERR('e'),
        /** The guest's kernel, kept only as the reason of an end. */
        KERNEL('k'),
        /** Ignition itself: boot, wake, sleep, errors. */
        IGNITION('i');

        private final char letter;

        Source(char letter) {
            this.letter = letter;
        }

        /** One letter, used in the log file. */
        public char letter() {
            return letter;
        }
    }
}
