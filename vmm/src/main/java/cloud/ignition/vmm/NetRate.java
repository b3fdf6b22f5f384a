package cloud.ignition.vmm;

import java.util.Optional;

/**
 * What one direction of a network device may carry. Each direction has budgets of its own; frames over them wait, in the
 * tap or in the guest's queue.
 *
 * @param bytes of frames without virtio header; empty for any number
 * @param packets on the wire; empty for any number
 */
public record NetRate(Optional<Budget> bytes, Optional<Budget> packets) {
    /** No limit. */
    public static final NetRate UNLIMITED = new NetRate(Optional.empty(), Optional.empty());

    /**
     * A budget that fills steadily.
     *
     * @param perSecond in the long run, {@code 1..10^9}
     * @param burst at once after a quiet time, {@code 1..10^9}
     */
    public record Budget(long perSecond, long burst) {
        private static final long MOST = 1_000_000_000;

        public Budget {
            if (perSecond <= 0 || perSecond > MOST || burst <= 0 || burst > MOST) {
                throw new IllegalArgumentException("rate limit of " + perSecond + "/s, burst " + burst);
            }
        }
    }

    /** Whether frames never wait. */
    public boolean isUnlimited() {
        return bytes.isEmpty() && packets.isEmpty();
    }
}
