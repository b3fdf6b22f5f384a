package cloud.ignition.vmm.virtio.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;

/** Commands on the control queue (virtio 1.2 §5.1.6.5); the one that is known says that the guest has announced itself. */
final class NetControl {
    static final int CLASS_ANNOUNCE = 3;
    static final int ANNOUNCE_ACK = 0;

    static final byte OK = 0;
    static final byte ERR = 1;

    private static final int COMMAND_BYTES = 2;

    private final SplitQueue queue;
    private final Runnable onAnnounced;
    private final MemorySegment command = MemorySegment.ofArray(new byte[COMMAND_BYTES]);
    private final MemorySegment ack = MemorySegment.ofArray(new byte[1]);

    /** @param onAnnounced told of each VIRTIO_NET_CTRL_ANNOUNCE_ACK */
    NetControl(SplitQueue queue, Runnable onAnnounced) {
        this.queue = queue;
        this.onAnnounced = onAnnounced;
    }

    /**
     * Obeys what the driver has made available, up to a limit.
     *
     * @return whether something may be left
     */
    boolean obey() {
        for (int i = 0; i < Limits.CHAINS_PER_TURN; i++) {
            DescriptorChain chain = queue.next();
            if (chain == null) {
                return false;
            }
            if (chain.readableBytes() < COMMAND_BYTES || chain.writableBytes() < 1) {
                throw new GuestLieException("control command of " + chain.readableBytes() + " readable and "
                        + chain.writableBytes() + " writable bytes");
            }
            chain.read(0, command);
            ack.set(JAVA_BYTE, 0, obey(command.get(JAVA_BYTE, 0), command.get(JAVA_BYTE, 1)));
            chain.write(0, ack);
            queue.complete(chain.head(), 1);
            queue.publish();
        }
        return true;
    }

    private byte obey(int commandClass, int number) {
        if (commandClass != CLASS_ANNOUNCE || number != ANNOUNCE_ACK) {
            return ERR;
        }
        onAnnounced.run();
        return OK;
    }
}
