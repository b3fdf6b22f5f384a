package cloud.ignition.vmm.virtio;

/** What a device may ask of its transport. */
public interface DeviceControl {
    /** Has {@link VirtioDevice#onNotify} called for this queue soon, on the event loop. Any thread. */
    void requestNotify(int queue);

    /** Tells the driver that the configuration space has changed. With the transport's lock held. */
    void configChanged();

    /**
     * From now on somebody else, the host's kernel, interrupts the driver for used buffers, or no longer does. Nobody tells the transport when,
     * so meanwhile the driver always reads that some were used. With the transport's lock held.
     */
    void interruptedByKernel(boolean on);

    /**
     * Has {@link VirtioDevice#onKick} called for this queue, as it is at first, or leaves its kicks to whom they wake besides. When it begins
     * again, kicks of before are forgotten: look at the queue then. With the transport's lock held.
     */
    void watchKicks(int queue, boolean on);
}
