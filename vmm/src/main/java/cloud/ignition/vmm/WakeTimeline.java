package cloud.ignition.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

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
        /**
         * The guest is heard of for the first time behind the doorbell at which it was saved: it reads or writes a device's register,
         * or kicks a queue. By then it has taken its new generation.
         */
        FIRST_DOORBELL_ANSWER,
        /** The guest sent its first packet. */
        FIRST_PACKET_OUT,
        /** The guest sent the first packet that carries more than headers, such as the first byte of an HTTP answer. */
        FIRST_BYTE
    }

    /** One reached stage and its CLOCK_MONOTONIC nanoseconds. */
    public record Entry(Stage stage, long nanos) {}

    private static final List<Stage> STAGES = List.of(Stage.values());

    private final AtomicLongArray nanos = new AtomicLongArray(STAGES.size());

    /** A time line without any mark. */
    public WakeTimeline() {}

    /** Marks a stage as reached now, unless it was reached before. */
    public void mark(Stage stage) {
        // System.nanoTime() is CLOCK_MONOTONIC on Linux; 0 stands for "not reached".
        nanos.compareAndSet(STAGES.indexOf(stage), 0, Math.max(1, System.nanoTime()));
    }

    /** The reached stages in their order. */
    public List<Entry> entries() {
        List<Entry> reached = new ArrayList<>();
        for (int i = 0; i < STAGES.size(); i++) {
            long at = nanos.get(i);
            if (at != 0) {
                reached.add(new Entry(STAGES.get(i), at));
            }
        }
        return reached;
    }
}
