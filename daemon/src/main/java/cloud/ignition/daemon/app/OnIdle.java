package cloud.ignition.daemon.app;

import java.util.Locale;

/** What happens with an app that has been idle for its idle time. */
public enum OnIdle {
    /** Its machine is saved; it wakes as it was left. */
    SUSPEND,
    /** Its machine is dropped; it wakes from the ready snapshot. */
    DISCARD;

    /** The word used on the command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Reads {@code suspend} or {@code discard}. */
    public static OnIdle parse(String text) {
        return switch (text) {
            case "suspend" -> SUSPEND;
            case "discard" -> DISCARD;
            default -> throw UserException.invalid("on-idle '" + text + "' is unknown; use suspend or discard");
        };
    }
}
