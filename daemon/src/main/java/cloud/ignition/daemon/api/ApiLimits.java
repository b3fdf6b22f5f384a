package cloud.ignition.daemon.api;

import java.time.Duration;

/** Every limit of the API in one place. */
final class ApiLimits {
    private ApiLimits() {}

    /** Largest request body, in bytes: the command and environment limits of an app, escaped, plus room. */
    static final int BODY_BYTES = 1024 * 1024;

    /** Deepest nesting of a request body. */
    static final int JSON_DEPTH = 16;

    /** Request line and all headers together, in bytes. */
    static final int HEADER_BYTES = 16 * 1024;

    /** Longest path of a Unix socket: {@code sun_path} is 108 bytes with its NUL (unix(7)). */
    static final int SOCKET_PATH_BYTES = 107;

    /** Connections waiting to be accepted. */
    static final int BACKLOG = 128;

    /** A connection on which a request neither arrives nor is answered is closed after this time. */
    static final Duration IDLE_CONNECTION = Duration.ofSeconds(60);

    /** A silent event stream is given an empty line this often, which shows whether its reader is still there. */
    static final Duration KEEP_ALIVE = Duration.ofSeconds(5);

    /** Longest time that a stop may be asked to wait for the application. */
    static final Duration LONGEST_GRACE = Duration.ofMinutes(10);

    /** Time given to requests in progress when the daemon ends. */
    static final Duration SHUTDOWN = Duration.ofSeconds(2);

    /** Longest message of a refused request; a longer one is cut, for it quotes what the client sent. */
    static final int MESSAGE_CHARS = 1000;

    /** Most lines that {@code tail} may ask for. */
    static final int TAIL_LINES = 1_000_000;
}
