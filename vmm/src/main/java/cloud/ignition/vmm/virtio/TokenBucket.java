package cloud.ignition.vmm.virtio;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** A budget that fills steadily and never holds more than its burst. Not safe for use by several threads at once. */
public final class TokenBucket {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long perSecond;
    private final long burst;
    private final LongSupplier nanoTime;
    private long tokens;
    private long filledAt;

    /**
     * A full bucket.
     *
     * @param perSecond tokens added in a second; {@code 1..10^9}
     * @param burst most tokens it holds; {@code 1..10^9}
     * @param nanoTime monotonic clock, in nanoseconds
     */
    public TokenBucket(long perSecond, long burst, LongSupplier nanoTime) {
        if (perSecond <= 0 || perSecond > SECOND || burst <= 0 || burst > SECOND) {
            throw new IllegalArgumentException("token bucket of " + perSecond + "/s, burst " + burst);
        }
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanoTime = nanoTime;
        this.tokens = burst;
        this.filledAt = nanoTime.getAsLong();
    }

    /** Tokens there are now; negative after more were spent than there were. */
    public long available() {
        long now = nanoTime.getAsLong();
        long elapsed = now - filledAt;
        if (elapsed >= nanosFor(burst - tokens)) {
            tokens = burst;
            filledAt = now;
        } else {
            long added = elapsed * perSecond / SECOND; // what elapsed is worth is under burst and debt: no overflow
            tokens += added;
            filledAt += added * SECOND / perSecond;
        }
        return tokens;
    }

    /** Takes tokens, of which there must be so many. */
    public void take(long wanted) {
        if (wanted < 0 || wanted > tokens) {
            throw new IllegalStateException("takes " + wanted + " of " + tokens + " tokens");
        }
        tokens -= wanted;
    }

    /** Takes tokens that need not be there: the bucket then fills up from below nothing. */
    public void spend(long wanted) {
        if (wanted < 0 || wanted > SECOND) {
            throw new IllegalArgumentException("spends " + wanted + " tokens");
        }
        tokens -= wanted;
    }

    /** Nanoseconds until there will be so many tokens (at most the burst); 0 when there are. */
    public long nanosUntil(long wanted) {
        long missing = Math.min(wanted, burst) - available();
        return missing <= 0 ? 0 : nanosFor(missing);
    }

    private long nanosFor(long count) {
        return (count * SECOND + perSecond - 1) / perSecond;
    }
}
