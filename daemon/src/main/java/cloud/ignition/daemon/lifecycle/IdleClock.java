package cloud.ignition.daemon.lifecycle;

import cloud.ignition.vmm.Activity;

/**
 * Decides when an app is idle: no packet either way for the idle time and, over the same time, hardly any vCPU time, used or waited for. It is asked
 * at its own deadlines only. All times are CLOCK_MONOTONIC nanoseconds.
 */
final class IdleClock {
    private static final int SHORTEST_SPAN_FRACTION = 10;

    private final long idleNanos;
    private long sampledAt;
    private long sampledCpu;
    private long quietSince;

    /** Starts at {@code now} as if a packet had just come. */
    IdleClock(long idleNanos, long now, Activity activity) {
        this.idleNanos = idleNanos;
        this.sampledAt = now;
        this.sampledCpu = activity.vcpuBusyNanos();
        this.quietSince = now;
    }

    /** How long until the next look is due; 0 or less when the app is idle now. */
    long nanosUntilIdle(long now, Activity activity) {
        boolean packetsCame = activity.lastPacketNanos() > sampledAt;
        if (packetsCame) {
            // Work since the last look is explained by the packets; what counts is whether any goes on after them.
            quietSince = Math.max(quietSince, activity.lastPacketNanos());
        } else if (now > sampledAt) {
            double share = (double) (activity.vcpuBusyNanos() - sampledCpu) / (now - sampledAt);
            if (share > Limits.IDLE_CPU_SHARE) {
                quietSince = now;
            }
        }
        long remaining = quietSince + idleNanos - now;
        if (packetsCame) {
            // The next look judges vCPU time alone, over a span long enough to mean something.
            remaining = Math.max(remaining, idleNanos / SHORTEST_SPAN_FRACTION);
        }
        sampledAt = now;
        sampledCpu = activity.vcpuBusyNanos();
        return remaining;
    }
}
