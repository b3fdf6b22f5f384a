package cloud.ignition.cli;

/** Something the user can act on: one line for standard error and the exit code. */
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The request was understood and failed. */
    public static final int FAILED = 1;

    /** The command line itself is wrong. */
    public static final int USAGE = 2;

    private final int exitCode;
    private final String code;

    private CliException(String message, int exitCode, String code) {
        super(message);
        this.exitCode = exitCode;
        this.code = code;
    }

    /** A failure (exit code 1) with its one-line message. */
    public static CliException failed(String message) {
        return new CliException(message, FAILED, "");
    }

    /** A failure (exit code 1) that keeps its cause for {@code IGNITION_DEBUG=1}. */
    public static CliException failed(String message, Throwable cause) {
        CliException e = new CliException(message, FAILED, "");
        e.initCause(cause);
        return e;
    }

    /** A failure that the daemon reported with its code, such as {@code app-not-found}. */
    public static CliException fromDaemon(String code, String message) {
        return new CliException(message, FAILED, code);
    }

    /** A wrong command line (exit code 2). */
    public static CliException usage(String message) {
        return new CliException(message, USAGE, "");
    }

    /** The process exit code: 1 or 2. */
    public int exitCode() {
        return exitCode;
    }

    /** The daemon's error code, or empty when the error is the client's own. */
    public String code() {
        return code;
    }
}
