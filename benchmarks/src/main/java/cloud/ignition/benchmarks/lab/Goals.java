package cloud.ignition.benchmarks.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The project's goals for the lab, from the samples of one run. */
final class Goals {
    private static final String OURS = "ignition";
    private static final String OURS_WITH_VHOST = "ignition-vhost";
    private static final String PEER = "qemu-microvm";
    private static final String FIRST_BYTE = "first_byte_ns";

    private final Samples samples;

    Goals(Samples samples) {
        this.samples = samples;
    }

    List<Goal> all() {
        List<Goal> goals = new ArrayList<>();
        Optional<Double> warm = p50("warm", OURS, FIRST_BYTE);
        goals.add(Goal.atMost(
                "SYN → first byte, warm, p50, of QEMU's", 1 / 6.0, ratio(warm, p50("warm", PEER, FIRST_BYTE))));
        goals.add(Goal.atMost(
                "SYN → first byte, warm, p50, of our cold boot's",
                1 / 20.0,
                ratio(warm, p50("boot", OURS, FIRST_BYTE))));
        goals.add(Goal.atMost("its p99 of its p50", 3, ratio(of("warm", OURS, FIRST_BYTE, Spread::p99), warm)));
        goals.add(Goal.atMost(
                "first wake, right after the daemon's start, of the steady p50",
                2,
                ratio(p50("first", OURS, FIRST_BYTE), warm)));
        goals.add(Goal.atMost(
                "first wake, behind the daemon's warm-up, of the steady p50",
                2,
                ratio(p50("first", OURS, "rested_first_byte_ns"), warm)));
        goals.add(Goal.atMost("page cache dropped, p50, of warm", 3, ratio(p50("dropped", OURS, FIRST_BYTE), warm)));
        goals.add(Goal.atMost(
                "save with 5 % of the memory changed, of a full one",
                0.2, ratio(p50("suspend", OURS, "changed_save_ns"), p50("suspend", OURS, "full_save_ns"))));
        goals.add(Goal.atMost(
                "16 at once, last answer, of one wake",
                16,
                ratio(of("burst", OURS, FIRST_BYTE, Spread::max), p50("burst-alone", OURS, FIRST_BYTE))));
        goals.add(Goal.atMost("16 at once, lost", 0, p50("burst", OURS, "lost")));
        goals.add(Goal.atMost("standby wake, p50, of warm", 0.5, ratio(p50("standby", OURS, FIRST_BYTE), warm)));
        for (String what : List.of("to_guest_bps", "from_guest_bps", "wrk_rps")) {
            Optional<Double> peer = p50("data", PEER, what);
            goals.add(Goal.atLeast(
                    Unit.bare(what) + ", of QEMU's without vhost", 1, ratio(p50("data", OURS, what), peer)));
            goals.add(Goal.atLeast(
                    Unit.bare(what) + " with vhost-net, of QEMU's without",
                    1,
                    ratio(p50("data", OURS_WITH_VHOST, what), peer)));
        }
        for (String image : List.of("nginx", "node")) {
            String what = image + "_listen_ns";
            goals.add(Goal.atMost(
                    "boot → first listen of " + image + ", p50, of QEMU's",
                    1,
                    ratio(p50("boot", OURS, what), p50("boot", PEER, what))));
        }
        return goals;
    }

    private Optional<Double> p50(String part, String who, String what) {
        return of(part, who, what, Spread::p50);
    }

    private Optional<Double> of(String part, String who, String what, ToDoubleFunction<Spread> which) {
        return samples.spread(part, who, what).map(which::applyAsDouble);
    }

    private static Optional<Double> ratio(Optional<Double> above, Optional<Double> below) {
        return above.flatMap(a -> below.filter(b -> b > 0).map(b -> a / b));
    }
}
