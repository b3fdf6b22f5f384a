package cloud.ignition.daemon.lifecycle;

import java.time.Duration;

/** Time limits and bounds of the apps' lives. */
final class Limits {
    /** How long a boot may take until its trigger before the app counts as running without a snapshot. */
    static final Duration TRIGGER_TIMEOUT = Duration.ofMinutes(5);

    /** How long a guest may take to answer a quiesce request before it is paused by force. */
    static final Duration QUIESCE_TIMEOUT = Duration.ofSeconds(3);

    /** How long no machine goes into standby after memory was short. */
    static final Duration STANDBY_PAUSE = Duration.ofSeconds(10);

    /** One in so many of the machines that stand by leaves memory each time it is short. */
    static final int STANDBY_SHARE = 8;

    /** Pause before a wake is tried again that the host refused. */
    static final Duration WAKE_RETRY = Duration.ofSeconds(2);

    /** Pause before a save is tried again that failed; doubled with each failure in a row. */
    static final Duration SAVE_RETRY = Duration.ofSeconds(30);

    /** The longest such pause. */
    static final Duration MAX_SAVE_RETRY = Duration.ofMinutes(10);

    /** How long after a wake its time line is logged and its working set is taken down: by then the first answer has gone out. */
    static final Duration WAKE_LOG_DELAY = Duration.ofSeconds(1);

    /** How long a daemon that shuts down waits for its apps to be saved. */
    static final Duration SHUTDOWN_TIMEOUT = Duration.ofMinutes(5);

    /** An app whose vCPUs use more than this share of one host CPU is at work, not idle. */
    static final double IDLE_CPU_SHARE = 0.10;

    /** Longest line of the guest's console that is kept, bytes; the rest is given as further lines. */
    static final int MAX_CONSOLE_LINE = (16 << 10) + 2;

    /** Last console lines that are kept to explain why a guest ended. */
    static final int KEPT_LAST_LINES = cloud.ignition.daemon.app.Limits.MAX_ENDING_LINES;

    /** Longest last line that is repeated in an app's message, characters. */
    static final int MAX_QUOTED_LINE = 200;

    /** Threads that stand ready to work for apps: so many can wake at once without a thread being made for one. */
    static final int IDLE_APP_THREADS = 16;

    /** How many times the built-in guest is restored before the daemon says that it is ready, if it cannot take long. */
    static final int WARM_UP_BEFORE_READY = 30;

    /** Longest that the daemon waits for these. */
    static final Duration WARM_UP_BEFORE_READY_TIME = Duration.ofSeconds(5);

    /** How many times in all: docs/performance.md has what the first wake costs behind fewer. */
    static final int WARM_UP_RESTORES = 300;

    /** How long that may take, pauses included. */
    static final Duration WARM_UP_TIME = Duration.ofSeconds(30);

    /** For how long it stands when a machine is made for an app. */
    static final Duration WARM_UP_PAUSE = Duration.ofSeconds(3);

    private Limits() {}
}
