package cloud.ignition.cli;

/** Every limit of the client in one place. */
public final class Limits {
    private Limits() {}

    /** Longest status line or header line that the daemon may send, in bytes. */
    public static final int HTTP_LINE_BYTES = 16 * 1024;

    /** Most header lines in one response. */
    public static final int HTTP_HEADERS = 100;

    /** Largest body that is read whole, in bytes (streams are bounded per line instead). */
    public static final int BODY_BYTES = 32 * 1024 * 1024;

    /** Longest line of an event stream, in bytes: a 16 KiB log line with every byte escaped as a {@code \\u} sequence. */
    public static final int EVENT_BYTES = 256 * 1024;

    /** Deepest nesting of JSON that is accepted. */
    public static final int JSON_DEPTH = 32;

    /** Longest text of a message shown on one line, in characters. */
    public static final int MESSAGE_CHARACTERS = 2000;

    /** Most wakes that can be traced: as many as the daemon keeps. */
    public static final int TRACED_WAKES = 20;
}
