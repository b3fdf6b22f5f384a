package cloud.ignition.vmm;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** When each stage of one wake was reached, on CLOCK_MONOTONIC; a stage keeps its first mark. Thread-safe. */
public final class WakeTimeline {
    /** The stages in their order. */
    public enum Stage {
        /** The tap became readable. */
        PACKET_SEEN,
        /** There is a shell for the machine, out of the pool or made for it. */
        SHELL_TAKEN,
        /** The snapshot's memory is mapped. */
        MEMORY_MAPPED,
        /** vCPUs, interrupt controllers and devices hold the saved state. */
        STATE_LOADED,
        /** The first vCPU enters the guest. */
        VCPU_ENTERED,
        /** The guest sent its first packet. */
        FIRST_PACKET_OUT
    }

    /** One reached stage and its CLOCK_MONOTONIC nanoseconds. */
    public record Entry(Stage stage, long nanos) {}

    private final Map<Stage, AtomicLong> nanos = new EnumMap<>(Stage.class);

    /** A time line without any mark. */
    public WakeTimeline() {
        for (Stage stage : Stage.values()) {
            nanos.put(stage, new AtomicLong());
        }
    }

    /** Marks a stage as reached now, unless it was reached before. */
    public void mark(Stage stage) {
        // System.nanoTime() is CLOCK_MONOTONIC on Linux; 0 stands for "not reached".
        of(stage).compareAndSet(0, Math.max(1, System.nanoTime()));
    }

    /** The reached stages in their order. */
    public List<Entry> entries() {
        List<Entry> reached = new ArrayList<>();
        for (Stage stage : Stage.values()) {
            long at = of(stage).get();
            if (at != 0) {
                reached.add(new Entry(stage, at));
            }
        }
        return reached;
    }

    private AtomicLong of(Stage stage) {
        return Objects.requireNonNull(nanos.get(stage));
    }
}
