package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.virtio.net.FrameCounts;
import cloud.ignition.vmm.virtio.net.KernelQueues;
import cloud.ignition.vmm.virtio.net.TapCounters;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.Optional;

/** A machine's tap, served by its shell's {@link VhostQueues}. */
public final class KernelTap implements KernelQueues {
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
    public long features() {
        return queues.features();
    }

    @Override
    public void start(long features, SplitQueue.Rings receive, SplitQueue.Rings transmit) {
        queues.start(tap, features, receive, transmit);
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
