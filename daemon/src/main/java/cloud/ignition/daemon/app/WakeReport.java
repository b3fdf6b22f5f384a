package cloud.ignition.daemon.app;

import java.time.Instant;
import java.util.List;

/**
 * The time line of one wake.
 *
 * @param at wall-clock time of the first stage
 * @param coldBoot whether the app had to be booted because its snapshot was refused
 * @param stages what happened when, in order
 */
public record WakeReport(Instant at, boolean coldBoot, List<Stage> stages) {
    /** Keeps its own copy. */
    public WakeReport {
        stages = List.copyOf(stages);
    }

    /**
     * One stage.
     *
     * @param name for example {@code packet-seen}, {@code memory-mapped}, {@code first-packet-out}
     * @param nanos nanoseconds since the first stage
     */
    public record Stage(String name, long nanos) {}

    /** From the first stage to the last, nanoseconds; 0 when there is none. */
    public long totalNanos() {
        return stages.isEmpty() ? 0 : stages.getLast().nanos();
    }

    /** One line for logs: every stage with its offset in milliseconds. */
    public String line() {
        StringBuilder line = new StringBuilder();
        for (Stage stage : stages) {
            if (!line.isEmpty()) {
                line.append(", ");
            }
            line.append(String.format(java.util.Locale.ROOT, "%s +%.3f ms", stage.name(), stage.nanos() / 1e6));
        }
        return line.toString();
    }
}
