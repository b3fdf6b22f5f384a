package cloud.ignition.cli;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.cli.command.Commands;
import cloud.ignition.daemon.api.ApiServer;
import cloud.ignition.daemon.api.DaemonFacts;
import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command against the daemon's real API on a real socket; only what stands behind the API is a fake. */
@Timeout(60)
class CliTest {
    @TempDir
    Path directory;

    private final FakeDaemon daemon = new FakeDaemon();
    private ApiServer server;
    private Path socket;

    /** Exit code and what was written. */
    record Outcome(int exitCode, String out, String err) {}

    @BeforeEach
    void startServer() {
        socket = directory.resolve("s.sock");
        server = ApiServer.start(
                socket,
                new DaemonFacts("1.2.3", directory, "10.88.0.0/16", FakeDaemon.TIME),
                daemon,
                daemon.asImages());
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void psShowsASleepingAppWithoutMemory() {
        AppSpec spec = AppSpec.of("web", "127.0.0.1:5000/nginx:latest");
        daemon.put(spec, AppState.SLEEPING);
        daemon.put(spec.withName("worker"), AppState.EXITED);
        daemon.put(spec.withName("broken"), AppState.FAILED);

        assertThat(ignition("ps").out()).isEqualTo("""
                        NAME    IMAGE                        STATE           MEMORY  SNAPSHOT  WAKES  PORTS  SINCE
                        broken  127.0.0.1:5000/nginx:latest  failed (panic)  0 MiB   64 MiB    2             2 min
                        web     127.0.0.1:5000/nginx:latest  sleeping        0 MiB   64 MiB    2             2 min
                        worker  127.0.0.1:5000/nginx:latest  exited (3)      0 MiB   64 MiB    2             2 min
                        """);
        assertThat(ignition("ps -q").out()).isEqualTo("broken\nweb\nworker\n");
        assertThat(ignition("ps --json").out()).contains("\"residentBytes\": 0");
        assertThat(ignition("ps --wakes").out())
                .contains("web: packet-seen 0.00 ms -> memory-mapped 0.81 ms -> first-packet-out 4.50 ms\n");
    }

    @Test
    void inspectShowsJsonOrTheWakes() {
        daemon.put(AppSpec.of("web", "i"), AppState.SLEEPING);

        assertThat(ignition("inspect web").out()).startsWith("{\n  \"name\": \"web\",");
        assertThat(ignition("inspect web --wakes").out()).isEqualTo("""
                        WAKE                  STAGE             REACHED AT  TOOK
                        2026-11-23T10:00:00Z  packet-seen       0.00 ms     0.00 ms
                                              memory-mapped     0.81 ms     0.81 ms
                                              first-packet-out  4.50 ms     3.69 ms
                        """);
    }

    @Test
    void traceDrawsTheStagesOfTheLastWakes() throws IOException {
        daemon.put(AppSpec.of("web", "i"), AppState.SLEEPING);

        assertThat(ignition("trace web").out()).isEqualTo("""
                        web, woken 2026-11-23T10:00:00Z
                          packet-seen         0.00 ms   +0.00 ms  |
                          memory-mapped       0.81 ms   +0.81 ms  |########
                          first-packet-out    4.50 ms   +3.69 ms  |        ########################################
                        """);
        Path svg = directory.resolve("wakes.svg");
        assertThat(ignition("trace web --last 3 --svg " + svg).exitCode()).isZero();
        assertThat(Files.readString(svg))
                .startsWith("<svg xmlns=")
                .contains(">web, woken 2026-11-23T10:00:00Z</text>", ">4.50 ms (+3.69 ms)</text>")
                .endsWith("</svg>\n");
        assertThat(ignition("trace web --last 21").exitCode()).isEqualTo(2);
        assertThat(ignition("trace web --svg /nowhere/wakes.svg").err()).contains("cannot be written");
    }

    @Test
    void detachedRunPrintsOnlyTheNameOnStandardOutput() {
        Outcome outcome = ignition(
                "run -d --name web -p 8080:80 -p 53:53/udp -e A=b -e HOME --memory 128M --cpus 2 --cpu-limit 0.5"
                        + " --net-rate 10M/s --net-packets 5000 --snapshot listen-on-port=80 --idle 1500ms --on-idle discard --user u -w /w --entrypoint e"
                        + " --pull always r/i:t cmd -x");

        assertThat(outcome).isEqualTo(new Outcome(0, "web\n", "pulling r/i:t\nbooting\n"));
        AppSpec spec = daemon.inspect("web").spec();
        assertThat(spec.toString())
                .contains("image=r/i:t", "vcpus=2", "cpu=0.5", "memoryBytes=134217728")
                .contains("net=NetLimit[bytesPerSecond=10485760, packetsPerSecond=5000]", "8080:80, 53:53/udp")
                .contains("env=[A=b, HOME=/root]", "command=[cmd, -x]", "Optional[e]", "Optional[u]", "Optional[/w]")
                .contains("listen-on-port:80", "DISCARD", "PT1.5S", "pullAlways=true");
    }

    @Test
    void attachedRunShowsTheOutputAndExitsAsTheApplication() {
        daemon.outcome = AppState.EXITED;
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.STDOUT, "hällo"));
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.STDERR, "oops"));
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.IGNITION, "booted"));

        Outcome outcome = ignition("run --name job --rm i");

        assertThat(outcome).isEqualTo(new Outcome(3, "hällo\n", "pulling i\nbooting\noops\n"));
        assertThat(daemon.calls).contains("logs job true -1", "remove job true");
        assertThat(daemon.apps).isEmpty();
    }

    @Test
    void attachedRunTellsTheKernelsLastLinesOfAGuestThatBroke() {
        daemon.outcome = AppState.FAILED;

        assertThat(ignition("run --name job i"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "pulling i\nbooting\nkernel: Kernel panic - not syncing: test\nignition: job is failed\n"));
        assertThat(ignition("inspect job").out())
                .containsIgnoringWhitespaces(
                        "\"ending\": { \"kind\": \"panic\", \"lastLines\": [ \"Kernel panic - not syncing: test\" ] }");
    }

    @Test
    void aFailedRunIsOneLineAndExitCode1() {
        daemon.failure = Optional.of(UserException.failed("registry 127.0.0.1:1 cannot be reached; is it running?"));

        assertThat(ignition("run -d i"))
                .isEqualTo(new Outcome(
                        1, "", "pulling i\nignition: registry 127.0.0.1:1 cannot be reached; is it running?\n"));
    }

    @Test
    void logsGoWhereTheApplicationSentThem() {
        daemon.put(AppSpec.of("web", "i"), AppState.EXITED);
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.STDOUT, "out"));
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.STDERR, "err"));
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.IGNITION, "woken"));

        assertThat(ignition("logs web")).isEqualTo(new Outcome(0, "out\n", "err\n"));
        assertThat(ignition("logs -f -n 5 web").exitCode()).isZero();
        assertThat(daemon.calls).containsExactly("logs web false -1", "logs web true 5");
        assertThat(ignition("logs -t web").err()).contains("2026-11-23T10:00:00Z ignition: woken");
    }

    @Test
    void stopStartAndRemove() {
        daemon.put(AppSpec.of("a", "i"), AppState.RUNNING);
        daemon.put(AppSpec.of("b", "i"), AppState.RUNNING);

        assertThat(ignition("stop -t 2s a b")).isEqualTo(new Outcome(0, "a\nb\n", ""));
        assertThat(daemon.calls).containsExactly("stop a 2000", "stop b 2000");
        assertThat(ignition("start a")).isEqualTo(new Outcome(0, "a\n", "booting\n"));
        assertThat(ignition("rm -f a no b"))
                .isEqualTo(new Outcome(1, "a\nb\n", "ignition: no app 'no'; see: ignition ps\n"));
        assertThat(daemon.apps).isEmpty();
    }

    @Test
    void imagesArePulledListedAndRemoved() {
        assertThat(ignition("pull r/i:t")).isEqualTo(new Outcome(0, "sha256:abc\n", "layer 1 of 1\n"));
        assertThat(ignition("images").out()).isEqualTo("""
                        IMAGE  DIGEST      SIZE
                        r/i:t  sha256:abc  20 MiB
                        """);
        assertThat(ignition("rmi r/i:t").out()).isEqualTo("r/i:t\n");
        assertThat(ignition("rmi r/i:t").err()).isEqualTo("ignition: no image 'r/i:t'; see: ignition images\n");
    }

    @Test
    void versionAndDoctorWorkWithAndWithoutADaemon() {
        assertThat(ignition("version").out()).contains("daemon 1.2.3");
        assertThat(ignition("doctor").out()).contains("ok    daemon: version 1.2.3 at " + socket);
        server.close();
        assertThat(ignition("version"))
                .satisfies(o -> assertThat(o.exitCode()).isZero())
                .satisfies(o -> assertThat(o.out()).contains("daemon not running at " + socket));
        assertThat(ignition("doctor").out())
                .contains("warn  daemon: not running at " + socket + "; start it with: ignition daemon");
    }

    @Test
    void anUnreachableDaemonIsOneLine() {
        server.close();

        assertThat(ignition("ps"))
                .isEqualTo(new Outcome(
                        1,
                        "",
                        "ignition: cannot reach the daemon at " + socket
                                + ": No such file or directory; start it with: ignition daemon\n"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    inspect no            | 1 | ignition: no app 'no'; see: ignition ps
                    rn                    | 2 | ignition: unknown command 'rn' (did you mean rm?); see: ignition --help
                    run                   | 2 | ignition: something is missing: usage: ignition run
                    run --memory big i    | 2 | ignition: option --memory: 'big' is not a size
                    run --cpus 0 i        | 2 | ignition: option --cpus: '0' is not a whole number
                    run --on-idle x i     | 2 | ignition: option --on-idle: 'x' is unknown; use suspend or discard
                    run -d --rm i         | 2 | ignition: --rm does not go with -d
                    run -e NOT_SET i      | 2 | ignition: option --env: variable 'NOT_SET' is not set here
                    run -d -p 80 i        | 1 | ignition: port mapping '80'
                    run -d --snapshot x i | 1 | ignition: snapshot trigger 'x' is unknown
                    daemon                | 1 | ignition: the daemon is started by the script bin/ignition
                    """)
    void mistakesAreOneLine(String line, int exitCode, String message) {
        Outcome outcome = ignition(line);

        assertThat(outcome.exitCode()).isEqualTo(exitCode);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith(message).hasLineCount(1);
    }

    @Test
    void everyCommandsHelpTeachesByExample() {
        for (String name : Commands.NAMES) {
            Outcome help = ignition(name + " --help");
            assertThat(help.exitCode()).isZero();
            assertThat(help.out()).contains("Usage: ignition " + name, "Examples:\n  ignition " + name);
            assertThat(ignition("--help").out()).contains("\n  " + name + " ");
        }
        assertThat(ignition("help run").out()).isEqualTo(ignition("run --help").out());
    }

    @Test
    void theTrainingRunOfTheStartUpCacheWorks() throws IOException {
        TrainingRun.main(new String[0]);
    }

    private Outcome ignition(String line) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exitCode = new Cli(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        false,
                        Map.of("IGNITION_SOCKET", socket.toString(), "HOME", "/root", "PATH", "/usr/bin"),
                        InstantSource.fixed(FakeDaemon.TIME.plusSeconds(125)))
                .execute(List.of(line.split(" ", -1)));
        return new Outcome(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
