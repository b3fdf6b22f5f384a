package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.bus.Interrupt;

/**
 * What a transport asks of the machine around it. Called from vCPU threads and the event loop, with the transport's
 * lock held: return fast, and do not call the transport.
 */
public interface TransportHost extends Interrupt {
    /** Whether an interrupt may still be on its way when {@link #raise} has returned, so that a save behind it does not have it. */
    boolean raisesLate();

    /**
     * Have {@link MmioTransport#onKick} called for this queue on the event loop: as if the guest had kicked it
     * (signal its ioeventfd). Any thread, also without the lock.
     */
    void requestNotify(int queue);

    /**
     * From now on watch {@link MmioTransport#backendFd} for these events, level-triggered.
     *
     * @param epollEvents {@code Epoll.IN}, {@code Epoll.OUT}, both, or 0 for none
     */
    void watchBackend(int epollEvents);

    /**
     * From now on call {@link MmioTransport#onKick} for the guest's kicks of this queue, as at first, or do not; kicks of before are forgotten
     * either way.
     */
    void watchKicks(int queue, boolean on);

    /**
     * The guest lied to the device, which waits for its reset. Once per reset.
     *
     * @param reason one line
     */
    void deviceNeedsReset(String reason);
}
