package cloud.ignition.vmm.virtio.net;

import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.virtio.TokenBucket;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds one direction to its {@link NetRate}. A frame may pass when something is left of both budgets, and is paid for
 * afterwards, on credit if it must be: a received frame's length shows only when it is in the guest's memory, and a large
 * segment must pass a small burst too. The next one waits until the debt is paid, so the rate holds exactly.
 */
final class Meter {
    private final @Nullable TokenBucket bytes;
    private final @Nullable TokenBucket packets;

    /** @param nanoTime monotonic clock, in nanoseconds */
    Meter(NetRate rate, LongSupplier nanoTime) {
        bytes = rate.bytes()
                .map(budget -> new TokenBucket(budget.perSecond(), budget.burst(), nanoTime))
                .orElse(null);
        packets = rate.packets()
                .map(budget -> new TokenBucket(budget.perSecond(), budget.burst(), nanoTime))
                .orElse(null);
    }

    /** Nanoseconds until the next frame may pass; 0 for now. */
    long nanosToWait() {
        long forBytes = bytes == null ? 0 : bytes.nanosUntil(1);
        long forPackets = packets == null ? 0 : packets.nanosUntil(1);
        return Math.max(forBytes, forPackets);
    }

    /** Pays for a frame. */
    void passed(long frameBytes, int packetCount) {
        if (bytes != null) {
            bytes.spend(frameBytes);
        }
        if (packets != null) {
            packets.spend(packetCount);
        }
    }
}
