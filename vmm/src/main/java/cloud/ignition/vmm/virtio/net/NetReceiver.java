package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Errno;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;

/**
 * Frames towards the guest (virtio 1.2 §5.1.6.4).
 *
 * <p>Buffers are taken from the queue before the frame is: the kernel writes it straight into guest memory, and how long
 * it is shows only then. As many buffers as the longest frame may need are held; those a frame left over serve the
 * next one, and go back to the queue before a save. When there are too few, or the rate limit is reached, the back end is
 * not looked at until the driver brings more, or time has passed: frames wait where they are.
 */
final class NetReceiver {
    private static final int HEADER_NUM_BUFFERS = 10;

    private final NetBackend backend;
    private final NetActivity activity;
    private final SplitQueue queue;
    private final Meter meter;
    private final boolean mergeable;
    private final boolean checksums;
    private final int frameBytes;

    private final IoVector vector = new IoVector(Limits.NET_RX_PIECES);
    private final int[] heads = new int[Limits.QUEUE_SIZE];
    private final int[] pieces = new int[Limits.QUEUE_SIZE];
    private final long[] lengths = new long[Limits.QUEUE_SIZE];
    private final long[] headers = new long[Limits.QUEUE_SIZE];
    private int held;
    private boolean waitsForDriver = true;
    private boolean throttled;

    /** @param features what was negotiated */
    NetReceiver(NetBackend backend, NetActivity activity, SplitQueue queue, Meter meter, long features) {
        this.backend = backend;
        this.activity = activity;
        this.queue = queue;
        this.meter = meter;
        this.mergeable = (features & NetDevice.F_MRG_RXBUF) != 0;
        this.checksums = (features & NetDevice.F_GUEST_CSUM) != 0;
        this.frameBytes = (features & NetDevice.GUEST_TSO) != 0 ? Limits.NET_FRAME_BYTES : Limits.NET_SMALL_FRAME_BYTES;
    }

    /** Whether frames are wanted: otherwise the driver has to bring buffers first, or time has to pass. */
    boolean wantsFrames() {
        return !waitsForDriver && !throttled;
    }

    /** There may be frames and buffers for them: somebody else received them until now. */
    void lookAgain() {
        waitsForDriver = false;
    }

    /** Whether the rate limit is reached; then {@link #receive} is due when the meter says so, not before. */
    boolean isThrottled() {
        return throttled;
    }

    /** Delivers what there is, up to a limit; with frames left over the back end stays readable. */
    void receive() {
        for (int i = 0; i < Limits.PACKETS_PER_TURN; i++) {
            throttled = meter.nanosToWait() > 0;
            if (throttled) {
                return;
            }
            if (!holdEnough()) {
                waitsForDriver = true;
                return;
            }
            waitsForDriver = false;
            long length = backend.read(vector);
            if (length < NetDevice.HEADER_BYTES) {
                // nothing there; or the back end is gone, and looking at it again would only spin
                waitsForDriver = length != -Errno.EAGAIN;
                return;
            }
            deliver(length);
        }
    }

    /** Gives the buffers held back to the queue. */
    void returnUnused() {
        queue.giveBack(held);
        held = 0;
        vector.clear();
    }

    private boolean holdEnough() {
        while (needsMore() && held < heads.length && vector.room() >= Limits.CHAIN_DESCRIPTORS) {
            DescriptorChain chain = queue.next();
            if (chain == null) {
                // a driver that posted its whole queue cannot bring more: a longer frame is cut off
                return held > 0 && held == queue.size();
            }
            hold(chain);
        }
        return true;
    }

    private boolean needsMore() {
        return held == 0 || (mergeable && vector.totalBytes() < frameBytes);
    }

    private void hold(DescriptorChain chain) {
        long length = chain.writableBytes();
        if (chain.readableBytes() > 0) {
            throw new GuestLieException("readable descriptor in a receive buffer");
        }
        if (length < (mergeable ? NetDevice.HEADER_BYTES : frameBytes)) {
            throw new GuestLieException("receive buffer of " + length + " bytes");
        }
        if (chain.writableLength(0) < NetDevice.HEADER_BYTES) {
            throw new GuestLieException(
                    "receive buffer whose first " + chain.writableLength(0) + " bytes do not hold the header");
        }
        chain.addWritable(vector, 0, length);
        heads[held] = chain.head();
        pieces[held] = chain.writablePieces();
        lengths[held] = length;
        headers[held] = chain.writableAddress(0);
        held++;
    }

    private void deliver(long length) {
        long left = length;
        int buffers = 0;
        int piecesUsed = 0;
        while (left > 0) {
            long inThis = Math.min(left, lengths[buffers]);
            queue.complete(heads[buffers], inThis);
            left -= inThis;
            piecesUsed += pieces[buffers];
            buffers++;
        }
        if (!checksums) {
            queue.memory().setByte(headers[0], (byte) 0); // §5.1.6.4.1: no flags, also not the kernel's "data valid"
        }
        queue.memory().setShort(headers[0] + HEADER_NUM_BUFFERS, (short) buffers);
        queue.publish(); // all buffers of a frame at once (§5.1.6.4.1)
        vector.removeFirst(piecesUsed);
        held -= buffers;
        shift(heads, buffers);
        shift(pieces, buffers);
        System.arraycopy(lengths, buffers, lengths, 0, held);
        System.arraycopy(headers, buffers, headers, 0, held);
        meter.passed(length - NetDevice.HEADER_BYTES, 1);
        activity.received(length - NetDevice.HEADER_BYTES);
    }

    private void shift(int[] array, int by) {
        System.arraycopy(array, by, array, 0, held);
    }
}
