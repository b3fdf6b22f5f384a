package cloud.ignition.daemon.app;

import java.time.Duration;

/** Every limit on what a user may ask for. */
public final class Limits {
    /** Most vCPUs of one app. */
    public static final int MAX_VCPUS = 8;

    /** Least guest memory, bytes. */
    public static final long MIN_MEMORY = 64L << 20;

    /** Most guest memory, bytes. */
    public static final long MAX_MEMORY = 8L << 30;

    /** Most published ports of one app. */
    public static final int MAX_PORTS = 256;

    /** Most characters of environment, command, entrypoint, user and working directory together. */
    public static final int MAX_TEXT_BYTES = 128 << 10;

    /** Longest image reference, characters. */
    public static final int MAX_IMAGE_REFERENCE = 1024;

    /** Longest idle time, longest standby. */
    public static final Duration MAX_IDLE_AFTER = Duration.ofDays(365);

    /** Least CPU limit, thousandths of a CPU: the least quota that the kernel takes (1 ms of each 10 ms). */
    public static final int MIN_MILLI_CPUS = 100;

    /** Highest CPU limit, thousandths of a CPU: what the most vCPUs can use. */
    public static final int MAX_MILLI_CPUS = MAX_VCPUS * 1000;

    /** Least network rate, bytes a second: under it no connection lives. */
    public static final long MIN_NET_BYTES_PER_SECOND = 1 << 10;

    /** Highest network rate, bytes or packets a second: a token bucket's. */
    public static final long MAX_NET_PER_SECOND = 1_000_000_000;

    /** Wakes whose reports are kept per app. */
    public static final int KEPT_WAKE_REPORTS = 20;

    /** Last lines of a guest's console that are kept to explain why it ended. */
    public static final int MAX_ENDING_LINES = 40;

    private Limits() {}
}
