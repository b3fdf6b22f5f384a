package cloud.ignition.daemon.app;

/**
 * Something the user or a remote party did that cannot work. The message is one line naming the thing, its value and the
 * remedy; it is shown as it is, without a stack trace.
 */
public final class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Code: the request itself is malformed or out of range. */
    public static final String INVALID = "invalid";

    /** Code: the named app or image does not exist. */
    public static final String NOT_FOUND = "not-found";

    /** Code: the request is fine but not in the present state (name taken, port taken, app running). */
    public static final String CONFLICT = "conflict";

    /** Code: the host lacks something (KVM, a tool, space, the guest kernel). */
    public static final String UNAVAILABLE = "unavailable";

    /** Code: the application or a remote (registry) failed. */
    public static final String FAILED = "failed";

    private final String code;

    private UserException(String code, String message, Throwable cause) {
        super(oneLine(message), cause);
        this.code = code;
    }

    private UserException(String code, String message) {
        super(oneLine(message));
        this.code = code;
    }

    /** A malformed value; code {@link #INVALID}. */
    public static UserException invalid(String message) {
        return new UserException(INVALID, message);
    }

    /** No such thing; code {@link #NOT_FOUND}. */
    public static UserException notFound(String message) {
        return new UserException(NOT_FOUND, message);
    }

    /** Not now; code {@link #CONFLICT}. */
    public static UserException conflict(String message) {
        return new UserException(CONFLICT, message);
    }

    /** The host lacks something; code {@link #UNAVAILABLE}. */
    public static UserException unavailable(String message) {
        return new UserException(UNAVAILABLE, message);
    }

    /** The application or a remote failed; code {@link #FAILED}. */
    public static UserException failed(String message) {
        return new UserException(FAILED, message);
    }

    /** As {@link #failed(String)}, keeping the cause for the daemon's own log. */
    public static UserException failed(String message, Throwable cause) {
        return new UserException(FAILED, message, cause);
    }

    /** As {@link #unavailable(String)}, keeping the cause for the daemon's own log. */
    public static UserException unavailable(String message, Throwable cause) {
        return new UserException(UNAVAILABLE, message, cause);
    }

    /** The machine-readable kind: one of this class's constants. */
    public String code() {
        return code;
    }

    /** The one-line message; never null. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ");
    }
}
