package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.net.FrameCounts;
import cloud.ignition.vmm.virtio.net.KernelQueues;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.net.TapCounters;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.Optional;

/** A machine's tap, served by its shell's {@link VhostQueues}. */
public final class KernelTap implements KernelQueues {
    /** What the kernel has to know of what was negotiated; the offloads are in the frames' headers, which it hands to the tap as they are. */
    private static final long PASSED_ON =
            Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX | Virtio.F_INDIRECT_DESC | NetDevice.F_MRG_RXBUF;

    /**
     * Without EVENT_IDX a flag that the kernel left in the used ring would outlive it; without MRG_RXBUF it does not write num_buffers, which is 1
     * then (§5.1.6.4.1); without GUEST_CSUM it does not clear the flags of the header.
     */
    private static final long REQUIRED =
            Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX | NetDevice.F_MRG_RXBUF | NetDevice.F_GUEST_CSUM;

    private final VhostQueues queues;
    private final Tap tap;
    private final TapCounters counters;

    /** Both stay their owners'. */
    public KernelTap(VhostQueues queues, Tap tap) {
        this.queues = queues;
        this.tap = tap;
        counters = new TapCounters(tap.name());
    }

    @Override
    public boolean serves(long features) {
        return (features & REQUIRED) == REQUIRED && (features & PASSED_ON & ~queues.features()) == 0;
    }

    @Override
    public void start(long features, SplitQueue.Rings receive, SplitQueue.Rings transmit) {
        queues.start(tap, features & PASSED_ON, receive, transmit);
    }

    @Override
    public Stand stop() {
        return queues.stop();
    }

    @Override
    public Optional<FrameCounts> counts() {
        return counters.read();
    }

    @Override
    public void close() {
        counters.close();
    }
}
