package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.Limits;
import cloud.ignition.daemon.app.WakeReport;
import cloud.ignition.vmm.WakeTimeline;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/** The time lines of an app's last wakes. Thread-safe. */
final class WakeHistory {
    private record Wake(Instant at, boolean coldBoot, WakeTimeline timeline) {}

    private final Deque<Wake> wakes = new ArrayDeque<>();

    /** Keeps a time line, whose later stages may still be marked. */
    synchronized void add(boolean coldBoot, WakeTimeline timeline) {
        wakes.add(new Wake(Instant.now(), coldBoot, timeline));
        if (wakes.size() > Limits.KEPT_WAKE_REPORTS) {
            wakes.removeFirst();
        }
    }

    /** The kept reports as they stand now, oldest first. */
    synchronized List<WakeReport> reports() {
        return wakes.stream()
                .map(wake -> report(wake.at(), wake.coldBoot(), wake.timeline()))
                .toList();
    }

    static WakeReport report(Instant at, boolean coldBoot, WakeTimeline timeline) {
        List<WakeTimeline.Entry> entries = timeline.entries();
        return new WakeReport(
                at,
                coldBoot,
                entries.stream()
                        .map(entry -> new WakeReport.Stage(
                                name(entry.stage()),
                                entry.nanos() - entries.getFirst().nanos()))
                        .toList());
    }

    private static String name(WakeTimeline.Stage stage) {
        return stage.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
