package cloud.ignition.daemon.state;

/** Limits of the state directory. */
final class Limits {
    /** Largest app.json that is read, bytes. */
    static final int MAX_APP_FILE = 4 << 20;

    /** Size at which an app's log file is rotated, bytes; one older file is kept. */
    static final long MAX_LOG_FILE = 8L << 20;

    /** Longest log line kept, characters; the rest of it is dropped. */
    static final int MAX_LOG_LINE = 32 << 10;

    /** Lines that may wait for a slow follower before some are skipped. */
    static final int MAX_FOLLOWER_QUEUE = 8192;

    /** Seconds after which a follower that gets nothing is asked whether it is still there. */
    static final int FOLLOWER_CHECK_SECONDS = 2;

    /** Refused snapshots of one app that are kept to be looked at; the oldest goes when there are more. */
    static final int KEPT_REFUSED = 3;

    /** Longest reason in the name of a refused snapshot, characters. */
    static final int MAX_REASON_NAME = 80;

    private Limits() {}
}
