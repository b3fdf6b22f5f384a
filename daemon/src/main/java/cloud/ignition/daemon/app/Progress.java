package cloud.ignition.daemon.app;

/** Told what a long operation is doing, one line per step; called on the thread that runs the operation. */
@FunctionalInterface
public interface Progress {
    /** Nobody is interested. */
    Progress NONE = message -> {};

    /** A new step began. */
    void step(String message);
}
