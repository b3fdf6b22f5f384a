package cloud.ignition.daemon.app;

import java.time.Duration;

/**
 * What happens to an app without traffic and work.
 *
 * @param after how long without both until the app counts as idle; zero for never
 * @param standby how long its machine then stands paused in memory before it is given up; zero for not at all
 * @param then what becomes of the machine's state after that
 */
public record IdlePolicy(Duration after, Duration standby, OnIdle then) {
    /** Ten seconds, no standby, suspend. */
    public static final IdlePolicy DEFAULT = new IdlePolicy(Duration.ofSeconds(10), Duration.ZERO, OnIdle.SUSPEND);

    /**
     * Checks the ranges.
     *
     * @throws UserException one line
     */
    public IdlePolicy {
        check("idle time", after, "never");
        check("standby time", standby, "none");
    }

    private static void check(String what, Duration time, String zero) {
        if (time.isNegative() || time.compareTo(Limits.MAX_IDLE_AFTER) > 0) {
            throw UserException.invalid(what + " " + time.toSeconds() + " s is out of range; use 0 (" + zero + ") to "
                    + Limits.MAX_IDLE_AFTER.toDays() + " days");
        }
    }
}
