package cloud.ignition.daemon.app;

/**
 * Told what a long operation is doing, one line per step. Calls come one at a time while the operation's caller waits, not always on
 * its thread.
 */
@FunctionalInterface
public interface Progress {
    /** Nobody is interested. */
    Progress NONE = message -> {};

    /** A new step began. */
    void step(String message);
}
