package cloud.ignition.linux.fault;

/**
 * Lets a test see the calls into the C library and refuse some of them, so that every way out of a half-done work is walked.
 *
 * <p>The package is not exported: only a JVM that was started with {@code --add-exports} can set a rule. And only one that was started
 * with {@code -Dcloud.ignition.linux.faults=true} asks it; in all others the question is a constant that the JIT removes.
 */
public final class CallFilter {
    /** Whether rules are asked in this process. */
    public static final boolean POSSIBLE = Boolean.getBoolean("cloud.ignition.linux.faults");

    private static final Rule NONE = function -> 0;

    private static volatile Rule rule = NONE;

    private CallFilter() {}

    /** Decides on one call; on the thread that calls, which may be any. */
    @FunctionalInterface
    public interface Rule {
        /**
         * Decides whether the kernel is asked.
         *
         * @param function the C library's name
         * @return 0 to go on, or the error number that the caller gets instead. A refused {@code close} closes all the same, as
         *     Linux does.
         */
        int refuse(String function);
    }

    /** Sets the rule for all threads, in place of the one before. */
    public static void set(Rule next) {
        if (!POSSIBLE) {
            throw new IllegalStateException("this JVM was not started with -Dcloud.ignition.linux.faults=true");
        }
        rule = next;
    }

    /** Lets all calls through again. */
    public static void clear() {
        rule = NONE;
    }

    /** What the rule says, see {@link Rule#refuse}. */
    public static int refuse(String function) {
        return rule.refuse(function);
    }
}
