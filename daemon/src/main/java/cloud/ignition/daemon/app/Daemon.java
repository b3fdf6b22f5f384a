package cloud.ignition.daemon.app;

/**
 * A started daemon without its HTTP API: apps of the state directory are adopted and their taps watched. Made by
 * {@code cloud.ignition.daemon.lifecycle.DaemonAssembly.open(DaemonOptions)}.
 */
public interface Daemon {
    /** The apps. */
    Applications applications();

    /** The images. */
    Images images();

    /** To be called when the API answers: what is better not done before begins in the background. */
    void ready();

    /**
     * Suspends everything that runs, closes what boots, and lets go of all host resources except the taps and rules
     * of sleeping apps, which the next daemon adopts. Returns when done; further calls do nothing.
     */
    void shutdown();
}
