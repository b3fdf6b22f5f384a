package cloud.ignition.vmm.virtio;

/** What a device may ask of its transport. Any thread. */
public interface DeviceControl {
    /** Has {@link VirtioDevice#onNotify} called for this queue soon, on the event loop. */
    void requestNotify(int queue);

    /** Tells the driver that the configuration space has changed. With the transport's lock held. */
    void configChanged();
}
