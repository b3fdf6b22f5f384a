package cloud.ignition.benchmarks;

import cloud.ignition.vmm.WakeTimeline;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** What recording the stages of one wake costs it: a time line and a mark for each stage, and once more for those that come again. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StagesBenchmark {
    private static final WakeTimeline.Stage[] STAGES = WakeTimeline.Stage.values();

    /** One wake. */
    @Benchmark
    public WakeTimeline wake() {
        WakeTimeline timeline = new WakeTimeline();
        for (WakeTimeline.Stage stage : STAGES) {
            timeline.mark(stage);
            timeline.mark(stage);
        }
        return timeline;
    }
}
