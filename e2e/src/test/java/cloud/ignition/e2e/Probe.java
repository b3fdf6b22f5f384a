package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The program of the image {@code probe}, asked through its published port; a request wakes it. */
final class Probe {
    private static final int TIME_QUERIES = 12;

    private final Ignition ignition;
    private final int port;

    Probe(Ignition ignition, int port) {
        this.ignition = ignition;
        this.port = port;
    }

    /**
     * A guest's clock, read at one moment between two readings of the host's.
     *
     * @param earliestNanos the guest's time minus the host's behind it: the least that the guest can be ahead
     * @param latestNanos the most
     */
    record Offset(long earliestNanos, long latestNanos) {
        long width() {
            return latestNanos - earliestNanos;
        }
    }

    /** The lines of one answer. */
    List<String> ask(String request) {
        return ignition.shell(connect() + "printf '%s\\n' '" + request + "' >&3; timeout 120 cat <&3")
                .lines()
                .toList();
    }

    /** The lines of an answer as names with what follows them. */
    Map<String, String> values(String request) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String line : ask(request)) {
            int blank = line.indexOf(' ');
            values.put(line.substring(0, Math.max(blank, 0)), line.substring(blank + 1));
        }
        return values;
    }

    /** A request that nobody answers, because it ends the guest. */
    void end(String kind) {
        ignition.shell(connect() + "echo 'end " + kind + "' >&3; timeout 5 cat <&3 || true");
    }

    /** How far the guest's clock is ahead of the host's: the narrowest of some brackets, without a process in between. */
    Offset wallClockOffset() {
        String brackets = ignition.shell("for i in $(seq " + TIME_QUERIES + "); do " + connect()
                + "before=$EPOCHREALTIME; echo time >&3; read -r guest <&3; after=$EPOCHREALTIME; "
                + "echo $before $guest $after; cat <&3 >/dev/null; exec 3>&-; done");
        assertThat(brackets.lines()).hasSize(TIME_QUERIES);
        return brackets.lines()
                .map(line -> line.split(" ", -1))
                .map(times -> new Offset(
                        Long.parseLong(times[1]) - nanos(times[2]), Long.parseLong(times[1]) - nanos(times[0])))
                .min(Comparator.comparingLong(Offset::width))
                .orElseThrow();
    }

    private String connect() {
        return "exec 3<>/dev/tcp/127.0.0.1/" + port + " || exit 1; ";
    }

    /** Bash's $EPOCHREALTIME, seconds with six decimals. */
    private static long nanos(String seconds) {
        return Long.parseLong(seconds.replaceAll("[.,]", "")) * 1000;
    }
}
