package cloud.ignition.oci;

/**
 * Something the user or a remote party got wrong, or the host lacks: an unknown image, an unreachable registry, a
 * damaged or hostile layer, a full disk. The message is one line that names the thing, its value and a remedy, fit to be
 * shown to a user without the stack trace.
 */
public final class ImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, for callers that decide by it (an API's status code, a fall-back to a local image). */
    public enum Kind {
        /** The reference does not parse. */
        BAD_REFERENCE,
        /** The registry has no such image, or no variant of it for this machine. */
        NOT_FOUND,
        /** The registry wants credentials, or refuses ours. */
        DENIED,
        /** The registry cannot be reached or fails. */
        UNREACHABLE,
        /** What was sent is damaged, beyond a limit or hostile. */
        REFUSED,
        /** This host's disk, tool or permission is missing. */
        HOST
    }

    private final Kind kind;

    /**
     * @param kind what went wrong
     * @param message one line: thing, value, remedy
     */
    public ImageException(Kind kind, String message) {
        super(OneLine.of(message));
        this.kind = kind;
    }

    /**
     * @param kind what went wrong
     * @param message one line: thing, value, remedy; the cause is not repeated by callers
     * @param cause for the log
     */
    public ImageException(Kind kind, String message, Throwable cause) {
        super(OneLine.of(message), cause);
        this.kind = kind;
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }
}
