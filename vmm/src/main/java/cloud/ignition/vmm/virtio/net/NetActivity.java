package cloud.ignition.vmm.virtio.net;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What went through a network device, since it was created. Written under the transport's lock, read by any thread;
 * "in" is towards the guest. Lengths are those of the frames, without virtio header.
 */
public final class NetActivity {
    private final LongSupplier nanoTime;
    private final AtomicLong packetsIn = new AtomicLong();
    private final AtomicLong packetsOut = new AtomicLong();
    private final AtomicLong bytesIn = new AtomicLong();
    private final AtomicLong bytesOut = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong spoofed = new AtomicLong();
    private final AtomicLong lastPacketNanos;
    private final boolean counted;
    private @Nullable FrameCounts first;
    private @Nullable FrameCounts last;
    private final AtomicReference<@Nullable Runnable> onNextPacketOut = new AtomicReference<>();
    private final AtomicReference<@Nullable Runnable> onNextPayloadOut = new AtomicReference<>();

    /**
     * What a device notes of its own frames.
     *
     * @param nanoTime monotonic clock, in nanoseconds
     */
    NetActivity(LongSupplier nanoTime) {
        this(nanoTime, false);
    }

    /** @param counted whether frames are counted elsewhere, and told by {@link #look} */
    NetActivity(LongSupplier nanoTime, boolean counted) {
        this.nanoTime = nanoTime;
        this.counted = counted;
        this.lastPacketNanos = new AtomicLong(nanoTime.getAsLong());
    }

    /** Frames delivered to the guest. */
    public long packetsIn() {
        return packetsIn.get();
    }

    /** Frames sent by the guest and taken by the back end. */
    public long packetsOut() {
        return packetsOut.get();
    }

    /** Bytes delivered to the guest. */
    public long bytesIn() {
        return bytesIn.get();
    }

    /** Bytes sent by the guest. */
    public long bytesOut() {
        return bytesOut.get();
    }

    /** Frames of the guest that were malformed or that the back end did not take. */
    public long dropped() {
        return dropped.get();
    }

    /** Frames of the guest that were dropped because it sent them as somebody else, or behind a VLAN tag. */
    public long spoofed() {
        return spoofed.get();
    }

    /** When the last frame went through either way, on the monotonic clock; before the first: the device's creation. */
    public long lastPacketNanos() {
        return lastPacketNanos.get();
    }

    /** Has {@code action} run once, on the event loop, right after the next frame of the guest went out. */
    public void onNextPacketOut(Runnable action) {
        onNextPacketOut.set(action);
    }

    /** As {@link #onNextPacketOut}, for the next frame with more than headers, {@link FrameHead#carriesPayload}. */
    public void onNextPayloadOut(Runnable action) {
        onNextPayloadOut.set(action);
    }

    /**
     * Takes over what was counted elsewhere; counts begin at the first call.
     *
     * @return whether frames went through since the last call
     */
    synchronized boolean look(FrameCounts now) {
        FrameCounts before = last;
        last = now;
        if (now.equals(before)) {
            return false;
        }
        FrameCounts start = first;
        if (start == null) {
            first = now;
        } else {
            FrameCounts since = now.since(start);
            packetsIn.set(since.packetsIn());
            packetsOut.set(since.packetsOut());
            bytesIn.set(since.bytesIn());
            bytesOut.set(since.bytesOut());
        }
        lastPacketNanos.setRelease(nanoTime.getAsLong());
        return true;
    }

    /** A frame was put into the queue of those to send: the kernel sends it, unseen. */
    void handedOver() {
        run(onNextPacketOut.getAndSet(null));
    }

    void received(long bytes) {
        if (!counted) {
            add(packetsIn, 1);
            add(bytesIn, bytes);
        }
        lastPacketNanos.setRelease(nanoTime.getAsLong());
    }

    void sent(FrameHead head) {
        if (!counted) {
            add(packetsOut, 1);
            add(bytesOut, head.frameBytes());
        }
        lastPacketNanos.setRelease(nanoTime.getAsLong());
        if (onNextPacketOut.getPlain() != null) {
            run(onNextPacketOut.getAndSet(null));
        }
        if (onNextPayloadOut.getPlain() != null && head.carriesPayload()) {
            run(onNextPayloadOut.getAndSet(null));
        }
    }

    private static void run(@Nullable Runnable action) {
        if (action != null) {
            action.run();
        }
    }

    void lost() {
        add(dropped, 1);
    }

    void refused() {
        add(spoofed, 1);
    }

    private static void add(AtomicLong counter, long n) {
        counter.setRelease(counter.getPlain() + n); // one writer at a time: the transport's lock
    }
}
