package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;

/**
 * Frames of the guest (virtio 1.2 §5.1.6.2). The headers are copied, checked and sent from the copy; the kernel reads the rest
 * straight from guest memory, once. What is malformed, is not the guest's to send or is not taken by the kernel is dropped
 * and counted, as on a wire. Over the rate limit frames wait in the queue.
 */
final class NetTransmitter {
    private static final int ETHERNET_HEADER_BYTES = 14;

    private final NetBackend backend;
    private final NetActivity activity;
    private final SplitQueue queue;
    private final SourceGuard guard;
    private final Meter meter;
    private final long features;
    private final FrameHead head = new FrameHead();
    private final IoVector rest = new IoVector(Limits.CHAIN_DESCRIPTORS);
    private boolean throttled;

    /** @param features what was negotiated */
    NetTransmitter(
            NetBackend backend, NetActivity activity, SplitQueue queue, SourceGuard guard, Meter meter, long features) {
        this.backend = backend;
        this.activity = activity;
        this.queue = queue;
        this.guard = guard;
        this.meter = meter;
        this.features = features;
    }

    /** Whether the rate limit is reached; then {@link #transmit} is due when the meter says so, not before. */
    boolean isThrottled() {
        return throttled;
    }

    /**
     * Sends what the driver has made available, up to a limit.
     *
     * @return whether something may be left that need not wait
     */
    boolean transmit() {
        for (int i = 0; i < Limits.CHAINS_PER_TURN; i++) {
            throttled = meter.nanosToWait() > 0;
            DescriptorChain chain = throttled ? null : queue.next();
            if (chain == null) {
                return false;
            }
            if (chain.writableBytes() > 0) {
                throw new GuestLieException("writable descriptor in a frame to send");
            }
            send(chain);
            queue.complete(chain.head(), 0);
            queue.publish();
        }
        return true;
    }

    private void send(DescriptorChain chain) {
        long length = chain.readableBytes();
        if (length < NetDevice.HEADER_BYTES + ETHERNET_HEADER_BYTES || length > Limits.NET_FRAME_BYTES) {
            meter.passed(Math.min(length, Limits.NET_FRAME_BYTES), 1);
            activity.lost();
            return;
        }
        head.copyFrom(chain);
        meter.passed(head.frameBytes(), head.packets()); // frames that are dropped cost too
        if (!asksForNegotiated()) {
            activity.lost();
        } else if (!guard.permits(head)) {
            activity.refused();
        } else if (write(chain, length)) {
            activity.sent(head);
        } else {
            activity.lost();
        }
    }

    /** §5.1.6.2.1: no offload in the header that the driver did not negotiate. */
    private boolean asksForNegotiated() {
        boolean segmentation = switch (head.gsoType()) {
            case FrameHead.GSO_NONE -> true;
            case FrameHead.GSO_TCPV4 -> (features & NetDevice.F_HOST_TSO4) != 0;
            case FrameHead.GSO_TCPV6 -> (features & NetDevice.F_HOST_TSO6) != 0;
            default -> false;
        };
        return segmentation && (!head.needsChecksum() || (features & NetDevice.F_CSUM) != 0);
    }

    private boolean write(DescriptorChain chain, long length) {
        long copied = head.bytes().byteSize();
        rest.clear();
        chain.addReadable(rest, copied, length - copied);
        return backend.write(head.bytes(), rest) == length;
    }
}
