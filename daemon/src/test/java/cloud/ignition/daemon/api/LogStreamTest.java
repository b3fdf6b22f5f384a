package cloud.ignition.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogSink;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LogStreamTest extends ApiFixture {
    private final SynchronousQueue<String> produced = new SynchronousQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    @BeforeEach
    void produceLines() {
        applications.put("web", AppState.RUNNING);
        applications.logs = (name, follow, tail, sink) -> {
            sink.line(line("old line, tail " + tail));
            if (follow) {
                follow(sink);
            }
        };
    }

    @Test
    void givesWhatIsThere() throws IOException {
        RawClient.Answer answer = ask("GET", "/v1/apps/web/logs?tail=5");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body())
                .contains("{\"time\":\"2026-11-23T10:00:00Z\",\"stream\":\"stderr\",\"line\":\"old line, tail 5\"}");
    }

    @Test
    void aFollowedLineArrivesBeforeTheNextIsMade() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.request("GET", "/v1/apps/web/logs?follow=true", "");
            assertThat(client.lineWith("old line")).contains("tail -1");
            produced.put("first");
            assertThat(client.lineWith("first")).isNotEmpty();
            produced.put("second");
            assertThat(client.lineWith("second")).isNotEmpty();
        }
        assertThat(ended.await(50, TimeUnit.SECONDS))
                .as("ends when the client leaves")
                .isTrue();
    }

    @Test
    void followingEndsWithTheApplication() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.request("GET", "/v1/apps/web/logs?follow=true", "");
            client.lineWith("old line");
            applications.put("web", AppState.EXITED);
            assertThat(client.lineWith("no such line")).as("the stream's end").isEmpty();
        }
        assertThat(ended.getCount()).isZero();
    }

    @Test
    void followingEndsWithTheDaemon() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.request("GET", "/v1/apps/web/logs?follow=true", "");
            client.lineWith("old line");
            server.close();
            assertThat(ended.await(50, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void follow(LogSink sink) {
        try {
            while (sink.isOpen()) {
                String text = produced.poll(20, TimeUnit.MILLISECONDS);
                if (text != null) {
                    sink.line(line(text));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            ended.countDown();
        }
    }

    private static LogLine line(String text) {
        return new LogLine(FakeApplications.TIME, LogLine.Source.STDERR, text);
    }
}
