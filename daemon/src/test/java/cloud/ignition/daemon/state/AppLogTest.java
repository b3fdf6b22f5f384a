package cloud.ignition.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogLine.Source;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppLogTest {
    @TempDir
    Path app;

    private static List<String> read(AppLog log, int tail) {
        List<String> texts = new ArrayList<>();
        log.read(false, tail, line -> texts.add(line.stream().letter() + line.text()));
        return texts;
    }

    @Test
    void keepsStreamsAndOrderOverARestart() {
        try (AppLog log = new AppLog(app)) {
            log.append(Source.STDOUT, "one");
            log.append(Source.STDERR, "two ");
        }
        try (AppLog log = new AppLog(app)) {
            log.append(Source.IGNITION, "");
            assertThat(read(log, -1)).containsExactly("oone", "etwo ", "i");
            assertThat(read(log, 2)).containsExactly("etwo ", "i");
            assertThat(read(log, 0)).isEmpty();
        }
    }

    @Test
    void staysWithinItsBoundsAndKeepsTheEnd() throws IOException {
        String line = "x".repeat(30_000);
        try (AppLog log = new AppLog(app)) {
            for (int i = 0; i < 1000; i++) {
                log.append(Source.STDOUT, i + " " + line);
            }
            assertThat(Files.size(app.resolve("log/current"))).isLessThanOrEqualTo(Limits.MAX_LOG_FILE);
            assertThat(Files.size(app.resolve("log/previous"))).isLessThanOrEqualTo(Limits.MAX_LOG_FILE);
            List<String> all = read(log, -1);
            assertThat(all).last().asString().startsWith("o999 ");
            assertThat(all).hasSizeBetween(280, 560);
        }
    }

    @Test
    void skipsALineCutOffByACrash() throws IOException {
        try (AppLog log = new AppLog(app)) {
            log.append(Source.STDOUT, "whole");
        }
        Files.writeString(app.resolve("log/current"), "2026-11-2", StandardCharsets.UTF_8, StandardOpenOption.APPEND);
        try (AppLog log = new AppLog(app)) {
            assertThat(read(log, -1)).containsExactly("owhole");
        }
    }

    @Test
    void followersGetEverythingOnceAndEndWithTheLog() throws InterruptedException {
        BlockingQueue<LogLine> lines = new LinkedBlockingQueue<>();
        AppLog log = new AppLog(app);
        log.append(Source.STDOUT, "past");
        Thread follower = Thread.ofVirtual().start(() -> log.read(true, -1, lines::add));
        assertThat(lines.poll(10, TimeUnit.SECONDS)).extracting(LogLine::text).isEqualTo("past");
        log.append(Source.STDERR, "now");
        assertThat(lines.poll(10, TimeUnit.SECONDS)).extracting(LogLine::text).isEqualTo("now");
        log.close();
        assertThat(follower.join(java.time.Duration.ofSeconds(10))).isTrue();
        assertThat(lines).isEmpty();
    }
}
