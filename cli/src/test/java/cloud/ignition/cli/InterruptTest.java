package cloud.ignition.cli;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.api.ApiServer;
import cloud.ignition.daemon.api.DaemonFacts;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import com.fasterxml.jackson.core.JsonFactory;
import java.io.BufferedReader;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C of an attached run, which needs a process of its own. */
@Timeout(60)
class InterruptTest {
    private static final int SIGNAL = 128;
    private static final int SIGTERM = 15;

    @TempDir
    Path directory;

    private final FakeDaemon daemon = new FakeDaemon();

    @Test
    void stopsTheApplicationAndRemovesItWhenAsked() throws Exception {
        daemon.outcome = AppState.RUNNING;
        daemon.log.add(new LogLine(FakeDaemon.TIME, LogLine.Source.STDOUT, "serving"));
        Path socket = directory.resolve("s.sock");
        try (ApiServer server = ApiServer.start(
                socket, new DaemonFacts("1", directory, "", FakeDaemon.TIME), daemon, daemon.asImages())) {
            Process process = ignition(server.socketPath(), "run", "--rm", "--name", "web", "image");
            try (BufferedReader out = process.inputReader()) {
                assertThat(out.readLine()).isEqualTo("serving");
                process.destroy();
                assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.exitValue()).isEqualTo(SIGNAL + SIGTERM);
        }
        assertThat(daemon.calls).contains("stop web 10000", "remove web true");
        assertThat(daemon.apps).isEmpty();
    }

    private static Process ignition(Path socket, String... words) throws Exception {
        List<String> java = List.of(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                locationOf(Main.class) + File.pathSeparator + locationOf(JsonFactory.class),
                Main.class.getName());
        ProcessBuilder builder = new ProcessBuilder(
                Stream.concat(java.stream(), Stream.of(words)).toList());
        builder.environment().put("IGNITION_SOCKET", socket.toString());
        return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private static Path locationOf(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
