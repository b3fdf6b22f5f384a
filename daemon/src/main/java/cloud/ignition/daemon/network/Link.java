package cloud.ignition.daemon.network;

import cloud.ignition.linux.Tap;

/**
 * One app's link to the host: a tap that is up from the app's start until its stop, whether or not a machine has it.
 * Packets for a sleeping app wait in its queue.
 */
public interface Link extends AutoCloseable {
    /** Its addresses. */
    AppAddress address();

    /** The tap, for the machine. Only one of the machine and {@link #watch} may use it at a time. */
    Tap tap();

    /**
     * Whether the host drops what comes out of the tap with another source than the guest's own: then frames need not be looked at before they
     * go in, and the kernel may move them.
     */
    boolean guarded();

    /** Whether it is to be {@link #guarded} as soon as the host's rules are in place. */
    boolean toBeGuarded();

    /**
     * Calls back once when a packet waits (at once if one does already). The link is not watched any more when the
     * callback runs. The callback runs on the network loop and must return fast.
     */
    void watch(Runnable onPacket);

    /** Ends {@link #watch}; when it returns the callback runs no more. Nothing happens when it is not watched. */
    void unwatch();

    /** Throws away the packets that wait in the tap. */
    void discardQueued();

    /** Takes the tap away for good. */
    void remove();

    /** Lets go of the tap, which stays for the next daemon. */
    @Override
    void close();
}
