package cloud.ignition.daemon.app;

import java.util.List;
import java.util.Locale;

/**
 * How an app's last machine came to its end by itself. Kept until the app is started again, which never happens by itself.
 *
 * @param kind the way it ended
 * @param lastLines the last lines of the guest kernel's console, oldest first
 */
public record GuestEnd(Kind kind, List<String> lastLines) {
    /** The ways a machine ends that nobody asked to. */
    public enum Kind {
        /** The application ended, and init powered the machine off. */
        EXIT,
        /** Something in the guest powered the machine off while the application ran. */
        POWER_OFF,
        /** Something in the guest rebooted it. */
        REBOOT,
        /** The guest's kernel panicked. */
        PANIC,
        /** A vCPU triple-faulted. */
        TRIPLE_FAULT,
        /** The machine broke: KVM or Ignition could not go on. */
        FAILURE;

        /** Lower-case words for people and JSON. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /**
         * The kind of a word.
         *
         * @throws IllegalArgumentException when there is none
         */
        public static Kind of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }

    /**
     * Keeps its own copy.
     *
     * @throws IllegalArgumentException when there are more than {@link Limits#MAX_ENDING_LINES} lines
     */
    public GuestEnd {
        lastLines = List.copyOf(lastLines);
        if (lastLines.size() > Limits.MAX_ENDING_LINES) {
            throw new IllegalArgumentException(
                    lastLines.size() + " last lines are more than " + Limits.MAX_ENDING_LINES);
        }
    }
}
