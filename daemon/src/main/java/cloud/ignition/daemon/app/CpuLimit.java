package cloud.ignition.daemon.app;

import java.math.BigDecimal;

/**
 * How much of the host's CPUs an app's vCPUs may use together, in the long run.
 *
 * @param milliCpus thousandths of a CPU, 0 for all that its vCPUs can use
 */
public record CpuLimit(int milliCpus) {
    /** No limit. */
    public static final CpuLimit NONE = new CpuLimit(0);

    public CpuLimit {
        if (milliCpus != 0 && (milliCpus < Limits.MIN_MILLI_CPUS || milliCpus > Limits.MAX_MILLI_CPUS)) {
            throw UserException.invalid("CPU limit of " + milliCpus + " thousandths of a CPU is out of range; use 0"
                    + " (no limit) or " + Limits.MIN_MILLI_CPUS + " to " + Limits.MAX_MILLI_CPUS);
        }
    }

    /** Whether there is none. */
    public boolean isNone() {
        return milliCpus == 0;
    }

    /** In CPUs, such as {@code 0.5}. */
    @Override
    public String toString() {
        return BigDecimal.valueOf(milliCpus, 3).stripTrailingZeros().toPlainString();
    }
}
