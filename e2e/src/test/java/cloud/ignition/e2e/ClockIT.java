package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What a guest's clocks and timers are after a long sleep; the host's wall clock is set forward while the app sleeps. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class ClockIT {
    private static final String APP = "clock";
    private static final int PORT = 7101;
    private static final int TLS_PORT = 4433;
    private static final long LIMIT_NANOS = Duration.ofMillis(50).toNanos();
    private static final Duration AWAKE_AT_MOST = Duration.ofMinutes(5);

    @Test
    void anHourAndAWeekOfSleep(Ignition world) {
        // A wall clock of our own to set: the lab's, never that of a host with KVM.
        if (world.machine().isLab()) {
            sleeps(world);
        } else {
            try (Ignition lab = new Ignition(Machine.startLab("clock"))) {
                sleeps(lab);
            }
        }
    }

    private static void sleeps(Ignition ignition) {
        Probe probe = new Probe(ignition, PORT);
        ignition.ok(
                "run",
                "-d",
                "--name",
                APP,
                "-p",
                PORT + ":7000",
                "--idle",
                "2s",
                "-e",
                "PROBE_HANG=1",
                Ignition.REGISTRY + "/probe:latest");
        Duration slept = Duration.ZERO;
        try {
            for (Duration sleep : List.of(Duration.ofHours(1), Duration.ofDays(7))) {
                slept = slept.plus(sleep);
                sleepFor(ignition, probe, sleep);
            }
            ignition.await(APP, "sleeping");
            assertThat(probe.values("timers"))
                    .as("what fired once does not fire again after another sleep")
                    .containsEntry("wall", "1 reads 1 cancellations 0")
                    .containsEntry("boot", "1 reads 1 cancellations 0");
            // A hook that hangs, while requests keep the app awake.
            ignition.shell(
                    "for i in $(seq 120); do exec 3<>/dev/tcp/127.0.0.1/" + PORT
                            + "; echo time >&3; cat <&3 >/dev/null; "
                            + "curl -s --unix-socket /run/ignition-e2e.sock http://ignition/v1/apps/" + APP
                            + "/logs | grep -q 'restore hook 30-hangs: not done within 10 s, killed' && exit 0; sleep 1; done; exit 1");
        } finally {
            ignition.shell("date -s @$(($(date +%s) - " + slept.toSeconds() + ")) >/dev/null");
            ignition.ok("rm", "--force", APP);
        }
    }

    private static void sleepFor(Ignition ignition, Probe probe, Duration sleep) {
        ignition.await(APP, "sleeping");
        Map<String, String> before = probe.values("time");
        probe.ask("arm " + sleep.toSeconds() / 2);
        ignition.await(APP, "sleeping");
        ignition.shell("date +%s > /tmp/slept-at; date -s @$(($(date +%s) + " + sleep.toSeconds() + ")) >/dev/null");
        String tls = certificateOf(ignition);

        Probe.Offset offset = probe.wallClockOffset();
        Map<String, String> timers = probe.values("timers");
        Map<String, String> after = probe.values("time");
        System.out.println("after a sleep of " + sleep + ": CLOCK_REALTIME is ahead of the host's by "
                + offset.earliestNanos() / 1000 + " to " + offset.latestNanos() / 1000 + " us; timers " + timers);
        assertThat(offset.earliestNanos()).isGreaterThan(-LIMIT_NANOS);
        assertThat(offset.latestNanos()).isLessThan(LIMIT_NANOS);
        long monotonic = passed("monotonic", before, after);
        assertThat(monotonic).isBetween(1L, AWAKE_AT_MOST.toNanos());
        assertThat(passed("boottime", before, after))
                .isBetween(sleep.toNanos(), sleep.toNanos() + 2 * AWAKE_AT_MOST.toNanos());
        assertThat(after).containsEntry("backwards", "0");
        assertThat(timers)
                .as(
                        "timers that were due fire once, one of the monotonic clock is not due, one is told of the set clock")
                .containsEntry("wall", "1 reads 1 cancellations 0")
                .containsEntry("boot", "1 reads 1 cancellations 0")
                .containsEntry("relative", "0 reads 0 cancellations 0")
                .containsEntry("cancelled", "0 reads 0 cancellations 1");
        assertThat(count(timers.get("tick")))
                .as("ticks of a second, of which a sleep has none")
                .isBetween(0L, monotonic / 1_000_000_000 + 2);
        assertThat(probe.ask("complaints"))
                .as("the kernel's log, with the soft-lockup detector on")
                .containsExactly("watchdog 1", "end");
        assertThat(probe.ask(tls)).contains("Verify return code: 0 (ok)", "status 0");
        ignition.shell("kill $(cat /tmp/tls.pid)");
    }

    /** A TLS server of the host with a certificate issued just now; gives the request that has the guest connect to it. */
    private static String certificateOf(Ignition ignition) {
        String certificate =
                ignition.shell("cd /tmp && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
                        + " -subj /CN=issued.test -addext subjectAltName=DNS:issued.test -days 1 -keyout tls.key -out tls.pem"
                        + " 2>/dev/null && { openssl verify -attime $(cat slept-at) -CAfile tls.pem tls.pem 2>&1"
                        + " | grep -q 'not yet valid' || { echo 'valid before the sleep' >&2; exit 1; }; } && "
                        + "{ setsid openssl s_server -accept " + TLS_PORT + " -cert tls.pem -key tls.key -www"
                        + " </dev/null >/tmp/tls.log 2>&1 & echo $! > tls.pid; } && cat tls.pem");
        String address = ignition.shell("curl -s --unix-socket /run/ignition-e2e.sock http://ignition/v1/apps/" + APP
                        + " | grep -o '\"address\":\"[0-9.]*' | cut -d'\"' -f4")
                .strip();
        int last = address.lastIndexOf('.') + 1;
        String gateway = address.substring(0, last) + (Integer.parseInt(address.substring(last)) - 1);
        return "tls " + gateway + ":" + TLS_PORT + " issued.test\n" + certificate;
    }

    private static long count(String timer) {
        return Long.parseLong(timer.substring(0, timer.indexOf(' ')));
    }

    private static long passed(String clock, Map<String, String> before, Map<String, String> after) {
        return Long.parseLong(after.get(clock)) - Long.parseLong(before.get(clock));
    }
}
