package cloud.ignition.vmm.shell;

import cloud.ignition.vmm.Limits;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shells of one plan, and how many there should be: twice as many as were taken at once at most, in the time that is
 * remembered. All times are of one monotonic clock, in nanoseconds; the pool's lock guards it.
 */
final class ShellStock {
    private final ShellPlan plan;
    private final Deque<VmShell> shells = new ArrayDeque<>();

    /** When the last ones were taken, oldest first; no more than can matter. */
    private final Deque<Long> taken = new ArrayDeque<>();

    private int burst;
    private long burstAt;
    private long lastUsed;

    /** Since when fewer than wanted are there; valid while {@link #missing} is positive. */
    private long missingSince;

    private int missing;

    /** The host refused one: nothing is tried before somebody wants one again. */
    private boolean refused;

    ShellStock(ShellPlan plan) {
        this.plan = plan;
    }

    ShellPlan plan() {
        return plan;
    }

    int size() {
        return shells.size();
    }

    /** When one was taken or expected last. */
    long lastUsed() {
        return lastUsed;
    }

    @Nullable
    VmShell take(long now) {
        use(now);
        taken.addLast(now);
        while (now - taken.getFirst() > Limits.POOL_BURST_NANOS || taken.size() > Limits.MAX_POOLED_SHELLS) {
            taken.removeFirst();
        }
        if (taken.size() >= burst || forgotten(now)) {
            burst = taken.size();
            burstAt = now;
        }
        return shells.pollFirst();
    }

    void expect(long now) {
        use(now);
        if (burst == 0) {
            burst = 1;
            burstAt = now;
        }
    }

    private void use(long now) {
        lastUsed = now;
        refused = false;
    }

    private boolean forgotten(long now) {
        return now - burstAt > Limits.POOL_MEMORY_NANOS;
    }

    /** How many should stand ready. */
    int wanted(long now) {
        return forgotten(now) ? 1 : Math.min(2 * burst, Limits.MAX_POOLED_SHELLS);
    }

    /**
     * Fits the stock to the room there is.
     *
     * @param surplus takes the shells that are too many
     * @return how much of the room it has
     */
    int resize(int room, long now, List<VmShell> surplus) {
        int size = Math.min(room, wanted(now));
        while (shells.size() > size) {
            surplus.add(shells.removeLast());
        }
        int before = missing;
        missing = size - shells.size();
        if (before == 0) {
            missingSince = now;
        }
        return size;
    }

    /** 0 or less when a shell is to be made now; Long.MAX_VALUE when none is. */
    long nanosUntilRefill(long now) {
        if (missing == 0 || refused) {
            return Long.MAX_VALUE;
        }
        long quiet = lastUsed + Limits.POOL_REFILL_DELAY_NANOS - now;
        long deadline = missingSince + Limits.POOL_REFILL_DEADLINE_NANOS - now;
        return Math.min(quiet, deadline);
    }

    /** Until it should be looked at again because time alone makes it smaller. */
    long nanosUntilForgotten(long now) {
        return burst == 0 || forgotten(now) ? Long.MAX_VALUE : burstAt + Limits.POOL_MEMORY_NANOS - now + 1;
    }

    void add(VmShell shell) {
        shells.addLast(shell);
    }

    void refused() {
        refused = true;
    }
}
