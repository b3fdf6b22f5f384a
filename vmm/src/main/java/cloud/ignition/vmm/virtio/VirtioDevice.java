package cloud.ignition.vmm.virtio;

import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.List;
import java.util.Optional;

/**
 * What makes a virtio device this device: features, configuration space, what to do with the buffers in its queues.
 * Everything common to all devices (registers, negotiation, reset, interrupts) is its transport's.
 *
 * <p>The transport calls every method with its lock held, so a device needs no lock of its own for what these methods
 * touch. A method that parses guest memory may throw {@link GuestLieException}; the transport then puts the device into
 * DEVICE_NEEDS_RESET. A request that goes on behind a method's return is the device's to account for: {@link #deactivate},
 * {@link #returnUnused} and {@link #close} wait for all of them.
 */
public interface VirtioDevice extends AutoCloseable {
    /** Device ID (§5). */
    int deviceId();

    /** Feature bits offered, without those of the transport and of the queues. */
    long offeredFeatures();

    /** The largest size of each queue: their number is the number of queues. */
    int[] queueSizes();

    /** Whether a driver's choice, a subset of what was offered, is one the device can work with. */
    default boolean acceptsFeatures(long features) {
        return true;
    }

    /**
     * A read of the configuration space.
     *
     * @param size 1, 2, 4 or 8
     * @return the bytes at {@code offset}, little endian; zero where there is no field
     */
    long readConfig(int offset, int size);

    /** A write to the configuration space, in any status; ignored unless the device has a field that the driver may write. */
    default void writeConfig(int offset, int size, long value) {}

    /**
     * The driver is ready (DRIVER_OK), or a machine with a ready driver was restored.
     *
     * @param features what was negotiated
     * @param queues one for each of {@link #queueSizes}, ready ones and others
     * @param control what the device may ask of its transport
     */
    void activate(long features, List<SplitQueue> queues, DeviceControl control);

    /** Back to how it was before activation. The driver has reset the device, or the device has met a lie. */
    void deactivate();

    /** Works off what the driver made available in a queue. Only when active; also called without a reason. */
    void onNotify(int queue);

    /** The driver has kicked a queue, or the device has asked for it. Only when active. */
    default void onKick(int queue) {
        onNotify(queue);
    }

    /** The machine runs again behind a pause, for which {@link #returnUnused} was called. Only when active. */
    default void onResume() {}

    /** The host's kernel, which serves queues for the device, met one that is not as a driver makes it. Only when active. */
    default void onKernelError() {}

    /**
     * Finishes the requests that are under way, and gives buffers taken from a queue ahead of their use back to it, so that
     * the queues' state is complete and nothing but the guest writes its memory any more.
     */
    default void returnUnused() {}

    /**
     * The file descriptor whose readiness the device wants to hear of, if it has one. A device with many puts them into an
     * {@link cloud.ignition.linux.Epoll} of its own, whose descriptor this is: epoll instances nest.
     */
    default Optional<Fd> backendFd() {
        return Optional.empty();
    }

    /** What to watch {@link #backendFd} for now: {@code Epoll.IN}, {@code Epoll.OUT}, both, or 0. Level-triggered. */
    default int backendInterest() {
        return 0;
    }

    /** {@link #backendFd} is readable. Only when active. */
    default void onBackendReadable() {}

    /** {@link #backendFd} is writable. Only when active. */
    default void onBackendWritable() {}

    /** A timer of the device's own, if it has one; always watched, so it must not stay readable when inactive. */
    default Optional<Fd> timerFd() {
        return Optional.empty();
    }

    /** {@link #timerFd} has fired. Only when active. */
    default void onTimer() {}

    /** Closes what the device itself has opened. */
    @Override
    default void close() {}
}
