package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.Optional;

/**
 * What may serve a network device's two queues of frames in the device's place: the host's kernel. It takes the driver's kicks and raises
 * the interrupts itself, and nobody looks at the frames on their way. Used with the transport's lock held.
 */
public interface KernelQueues extends AutoCloseable {
    /** Whether it can serve a driver that has negotiated these features, as the driver expects it. */
    boolean serves(long features);

    /**
     * Serves both queues from now on, where they stand.
     *
     * @throws cloud.ignition.linux.LinuxException when the kernel refuses; then it serves neither
     */
    void start(long features, SplitQueue.Rings receive, SplitQueue.Rings transmit);

    /**
     * Leaves both queues. When this returns what was under way is finished and the kernel touches neither them nor the guest's memory;
     * frames it had not delivered are in the tap.
     */
    Stand stop();

    /** Frames that went through the tap so far, whoever moved them; empty when that cannot be known. From any thread. */
    Optional<FrameCounts> counts();

    /** Closes what {@link #counts} needs; the kernel has been stopped. */
    @Override
    void close();

    /**
     * Where the kernel stood when it was stopped: the next entries of the available rings to take.
     *
     * @param receive 16-bit index
     * @param transmit 16-bit index
     */
    record Stand(int receive, int transmit) {}
}
