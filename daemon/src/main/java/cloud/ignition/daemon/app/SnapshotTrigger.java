package cloud.ignition.daemon.app;

/**
 * When the ready snapshot of an app is taken.
 *
 * @param kind what to wait for
 * @param value the count of {@link Kind#NTH_LISTEN} or the port of {@link Kind#LISTEN_ON_PORT}; 0 for the others
 */
public record SnapshotTrigger(Kind kind, int value) {

    /** The default: the application's first successful {@code listen(2)}. */
    public static final SnapshotTrigger FIRST_LISTEN = new SnapshotTrigger(Kind.FIRST_LISTEN, 0);

    private static final String CHOICES = "first-listen, nth-listen:N, listen-on-port:PORT, user-space-ready or manual";

    /** The events that can trigger the snapshot. */
    public enum Kind {
        /** The first successful {@code listen(2)} of the application. */
        FIRST_LISTEN("first-listen"),
        /** The n-th successful {@code listen(2)}. */
        NTH_LISTEN("nth-listen"),
        /** A successful {@code listen(2)} on one port. */
        LISTEN_ON_PORT("listen-on-port"),
        /** The application's program is loaded (its {@code execve(2)} returned). */
        USER_SPACE_READY("user-space-ready"),
        /** The application wrote to {@code /dev/ignition}. */
        MANUAL("manual");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** The word used on the command line. */
        public String word() {
            return word;
        }

        private boolean hasValue() {
            return this == NTH_LISTEN || this == LISTEN_ON_PORT;
        }
    }

    /** Checks the value against the kind. */
    public SnapshotTrigger {
        if (kind.hasValue() ? value < 1 || value > 65535 : value != 0) {
            throw UserException.invalid(
                    "snapshot trigger " + kind.word() + ": value " + value + " is out of range; use one of " + CHOICES);
        }
    }

    /**
     * Reads {@code first-listen}, {@code nth-listen:N}, {@code listen-on-port:PORT}, {@code user-space-ready} or
     * {@code manual}; {@code =} or a space is taken instead of the colon.
     */
    public static SnapshotTrigger parse(String text) {
        String[] parts = text.strip().split("[:= ]+", 2);
        for (Kind kind : Kind.values()) {
            if (kind.word().equals(parts[0]) && (parts.length == 2) == kind.hasValue()) {
                if (parts.length == 1) {
                    return new SnapshotTrigger(kind, 0);
                }
                if (parts[1].matches("[0-9]{1,5}")) {
                    return new SnapshotTrigger(kind, Integer.parseInt(parts[1]));
                }
            }
        }
        throw UserException.invalid("snapshot trigger '" + text + "' is unknown; use " + CHOICES);
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        return kind.hasValue() ? kind.word() + ":" + value : kind.word();
    }
}
