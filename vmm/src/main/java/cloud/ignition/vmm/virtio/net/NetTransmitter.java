package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;

/**
 * Frames of the guest (virtio 1.2 §5.1.6.2). The kernel reads header and frame straight from guest memory, once, and
 * checks the header. What it does not take is dropped and counted, as on a wire.
 */
final class NetTransmitter {
    private static final int ETHERNET_HEADER_BYTES = 14;

    private final NetBackend backend;
    private final NetActivity activity;
    private final SplitQueue queue;
    private final IoVector vector = new IoVector(Limits.CHAIN_DESCRIPTORS);

    NetTransmitter(NetBackend backend, NetActivity activity, SplitQueue queue) {
        this.backend = backend;
        this.activity = activity;
        this.queue = queue;
    }

    /**
     * Sends what the driver has made available, up to a limit.
     *
     * @return whether something may be left
     */
    boolean transmit() {
        for (int i = 0; i < Limits.CHAINS_PER_TURN; i++) {
            DescriptorChain chain = queue.next();
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
            activity.lost();
            return;
        }
        vector.clear();
        chain.addReadable(vector, 0, length);
        if (backend.write(vector) == length) {
            activity.sent(length - NetDevice.HEADER_BYTES);
        } else {
            activity.lost();
        }
    }
}
