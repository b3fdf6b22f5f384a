package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The product on a machine: registry, daemon, and the command line, as a user has them. */
final class Ignition implements AutoCloseable {
    /** The registry that serves the test images. */
    static final String REGISTRY = "127.0.0.1:5000";

    /** How long anything but a first boot may take in the lab, where all is ten or more times slower. */
    static final Duration LIMIT = Duration.ofMinutes(4);

    private static final Duration BOOT_LIMIT = Duration.ofMinutes(6);
    private static final String STATE = "/var/lib/ignition-e2e";
    static final String SOCKET = "/run/ignition-e2e.sock";
    private static final String DAEMON_LOG = "/tmp/ignition-e2e-daemon.log";
    private static final Pattern NUMBER = Pattern.compile("-?\\d+");

    private final Machine machine;
    private String daemonPid = "";

    Ignition(Machine machine) {
        this.machine = machine;
        try {
            ok(machine.run(LIMIT, "e2e/images/registry", "start", "--port", "5000"));
            startDaemon();
        } catch (RuntimeException | AssertionError e) {
            close();
            throw e;
        }
    }

    Machine machine() {
        return machine;
    }

    /** Starts the daemon and waits until it answers. */
    void startDaemon(String... options) {
        Result started = machine.shell(
                LIMIT,
                "IGNITION_DAEMON_OPTS='" + machine.daemonOptions() + "' setsid bin/ignition daemon --state " + STATE
                        + " --socket " + SOCKET + " " + String.join(" ", options) + " >>" + DAEMON_LOG
                        + " 2>&1 </dev/null & pid=$!; for i in $(seq 900); do "
                        + "curl -sf --unix-socket " + SOCKET + " http://ignition/v1/apps >/dev/null && break; "
                        + "kill -0 $pid || break; sleep 0.2; done; "
                        + "curl -sf --unix-socket " + SOCKET + " http://ignition/v1/apps >/dev/null || { tail -20 "
                        + DAEMON_LOG + " >&2; exit 1; }; echo $pid");
        ok(started);
        daemonPid = started.out().strip();
    }

    /** The daemon's process, a number. */
    String daemonPid() {
        return daemonPid;
    }

    /** kill -9. */
    void killDaemon() {
        ok(machine.shell(
                LIMIT, "kill -9 " + daemonPid + "; while kill -0 " + daemonPid + " 2>/dev/null; do sleep 0.1; done"));
    }

    /** SIGTERM, and waits for the end. */
    Result terminateDaemon() {
        return machine.shell(
                LIMIT,
                "kill " + daemonPid + "; for i in $(seq 1500); do kill -0 " + daemonPid
                        + " 2>/dev/null || exit 0; sleep 0.1; done; exit 1");
    }

    /** The command line. */
    Result ignition(String... arguments) {
        List<String> command = new ArrayList<>(List.of("env", "IGNITION_SOCKET=" + SOCKET, "bin/ignition"));
        command.addAll(List.of(arguments));
        return machine.run(BOOT_LIMIT, command);
    }

    /** The command line, which must succeed. */
    String ok(String... arguments) {
        return ok(ignition(arguments)).out();
    }

    /** A shell script on the machine, which must succeed. */
    String shell(String script) {
        return ok(machine.shell(LIMIT, script)).out();
    }

    /**
     * Sends lines to an app's published TCP port and gives the line that answers each: all on one connection, over a sleep of the app between
     * two of them.
     */
    String askOverSleeps(String app, int port, String... lines) {
        return shell("exec 3<>/dev/tcp/127.0.0.1/" + port + "; " // descriptor 3 stays open all the time
                + "ask() { printf '%s\\r\\n' \"$1\" >&3; read -r -t 60 line <&3; echo \"$line\"; }; "
                + "asleep() { for i in $(seq 900); do curl -s --unix-socket " + SOCKET + " http://ignition/v1/apps/"
                + app
                + " | grep -q '\"state\":\"sleeping\"' && return; sleep 0.2; done; exit 1; }; "
                + Stream.of(lines).map(line -> "ask '" + line + "'").collect(Collectors.joining("; asleep; ")));
    }

    /** Waits until the app is in a state. */
    void await(String app, String state) {
        Result result = machine.shell(
                LIMIT,
                "for i in $(seq 900); do curl -s --unix-socket " + SOCKET + " http://ignition/v1/apps/" + app
                        + " | grep -q '\"state\":\"" + state + "\"' && exit 0; sleep 0.2; done; "
                        + "curl -s --unix-socket " + SOCKET + " http://ignition/v1/apps/" + app + " >&2; tail -30 "
                        + DAEMON_LOG + " >&2; exit 1");
        assertThat(result.exitCode())
                .as("waiting for %s to be %s: %s", app, state, result)
                .isZero();
    }

    /** A number of the app's view. */
    long number(String app, String field) {
        String json = shell("curl -s --unix-socket " + SOCKET + " http://ignition/v1/apps/" + app);
        Matcher found = Pattern.compile("\"" + field + "\":(" + NUMBER + ")").matcher(json);
        assertThat(found.find()).as("%s in %s", field, json).isTrue();
        return Long.parseLong(found.group(1));
    }

    /** Waits until a number of the app's view is below a bound. */
    void awaitBelow(String app, String field, long bound) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        long last = number(app, field);
        while (last >= bound && System.nanoTime() < deadline) {
            shell("sleep 1");
            last = number(app, field);
        }
        assertThat(last).as("%s of %s", field, app).isLessThan(bound);
    }

    /** The daemon's log so far. */
    String daemonLog() {
        return shell("cat " + DAEMON_LOG);
    }

    private static Result ok(Result result) {
        assertThat(result.exitCode()).as("%s", result).isZero();
        return result;
    }

    @Override
    public void close() {
        if (!daemonPid.isEmpty()) {
            machine.shell(
                    LIMIT,
                    "kill " + daemonPid + " 2>/dev/null; for i in $(seq 100); do kill -0 " + daemonPid
                            + " 2>/dev/null || break; sleep 0.1; done");
        }
        machine.run(LIMIT, "e2e/images/registry", "stop");
    }
}
