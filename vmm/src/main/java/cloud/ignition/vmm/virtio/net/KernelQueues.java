package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.Optional;

/**
 * What may serve a network device's two queues of frames in the device's place: the host's kernel. It takes the driver's kicks and raises
 * the interrupts itself, and nobody looks at the frames on their way. Used with the transport's lock held.
 */
public interface KernelQueues extends AutoCloseable {
    /** What the kernel has to know of what was negotiated; the offloads are in the frames' headers, which it hands to the tap as they are. */
    long PASSED_ON = Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX | Virtio.F_INDIRECT_DESC | NetDevice.F_MRG_RXBUF;

    /**
     * Without EVENT_IDX a flag that the kernel left in the used ring would outlive it; without MRG_RXBUF it does not write num_buffers, which is 1
     * then (§5.1.6.4.1); without GUEST_CSUM it does not clear the flags of the header.
     */
    long REQUIRED = Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX | NetDevice.F_MRG_RXBUF | NetDevice.F_GUEST_CSUM;

    /** Features of virtio, besides others, that the kernel knows. */
    long features();

    /** Whether it can serve a driver that has negotiated these features, as the driver expects it. */
    default boolean serves(long negotiated) {
        return (negotiated & REQUIRED) == REQUIRED && (negotiated & PASSED_ON & ~features()) == 0;
    }

    /**
     * Serves both queues from now on, where they stand.
     *
     * @param features {@link #PASSED_ON} of what was negotiated
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
