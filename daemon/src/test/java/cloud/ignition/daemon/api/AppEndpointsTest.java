package cloud.ignition.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AppEndpointsTest extends ApiFixture {
    @Test
    void listsApps() throws IOException {
        applications.put("web", AppState.SLEEPING);

        RawClient.Answer answer = ask("GET", "/v1/apps");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head()).contains("Content-Type: application/json");
        assertThat(answer.body())
                .startsWith("{\"apps\":[{\"name\":\"web\",\"id\":\"id-web\"")
                .contains(
                        "\"state\":\"sleeping\"",
                        "\"residentBytes\":0",
                        "\"givenBackBytes\":0",
                        "\"snapshotBytes\":67108864")
                .contains("\"refusedSnapshots\":[\"/var/lib/ignition/apps/id/snapshots/refused-1\"]")
                .contains("\"stages\":[{\"name\":\"packet-seen\",\"nanos\":0},{\"name\":\"first-packet-out\"");
    }

    @Test
    void runPassesEveryFieldAndStreamsItsSteps() throws IOException {
        BlockingQueue<AppSpec> specs = new ArrayBlockingQueue<>(1);
        applications.boot = (spec, progress) -> {
            specs.add(spec);
            progress.step("pulling");
            progress.step("booting");
        };

        RawClient.Answer answer = ask("POST", "/v1/apps", """
                {"name":"web","image":"r/i:t","vcpus":2,"memoryBytes":134217728,
                 "cpuLimitMilliCpus":500,"netBytesPerSecond":1048576,"netPacketsPerSecond":1000,"ports":["8080:80","53:53/udp"],"env":["A=b"],
                 "command":["x","y"],"entrypoint":"e","user":"u","workdir":"/w","snapshot":"nth-listen=2","onIdle":"discard",
                 "idleMillis":2500,"pull":"always"}""");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head()).contains("application/x-ndjson");
        assertThat(answer.body())
                .containsSubsequence(
                        "{\"event\":\"step\",\"app\":\"web\",\"message\":\"pulling\"}",
                        "\"message\":\"booting\"",
                        "{\"event\":\"done\",\"app\":{\"name\":\"web\"");
        AppSpec spec = specs.remove();
        assertThat(spec.image()).isEqualTo("r/i:t");
        assertThat(spec.vcpus()).isEqualTo(2);
        assertThat(spec.memoryBytes()).isEqualTo(128 << 20);
        assertThat(spec.cpu()).isEqualTo(new CpuLimit(500));
        assertThat(spec.net()).isEqualTo(new NetLimit(1 << 20, 1000));
        assertThat(spec.ports()).map(Object::toString).containsExactly("8080:80", "53:53/udp");
        assertThat(spec.env()).containsExactly("A=b");
        assertThat(spec.command()).containsExactly("x", "y");
        assertThat(List.of(spec.entrypoint(), spec.user(), spec.workdir()))
                .containsExactly(Optional.of("e"), Optional.of("u"), Optional.of("/w"));
        assertThat(spec.trigger()).isEqualTo(new SnapshotTrigger(SnapshotTrigger.Kind.NTH_LISTEN, 2));
        assertThat(spec.idle().then()).isEqualTo(OnIdle.DISCARD);
        assertThat(spec.idle().after()).isEqualTo(Duration.ofMillis(2500));
        assertThat(spec.pullAlways()).isTrue();
    }

    @Test
    void runWithoutNameTellsTheMadeUpOneInTheFirstEvent() throws IOException {
        applications.boot = (spec, progress) -> progress.step("pulling " + spec.name());

        RawClient.Answer answer = ask("POST", "/v1/apps", "{\"image\":\"i\"}");

        String name = applications.apps.keySet().iterator().next();
        assertThat(name).isNotEmpty();
        assertThat(answer.body()).contains("\"app\":\"" + name + "\",\"message\":\"pulling " + name + "\"");
    }

    @Test
    void aRunThatFailsBeforeItsFirstStepHasItsOwnStatus() throws IOException {
        applications.boot = (spec, progress) -> {
            throw UserException.conflict("port 8080 is taken by web; choose another");
        };

        RawClient.Answer answer = ask("POST", "/v1/apps", "{\"image\":\"i\"}");

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.body())
                .isEqualTo("{\"code\":\"conflict\",\"message\":\"port 8080 is taken by web; choose another\"}");
    }

    @Test
    void aRunThatFailsLaterEndsItsStreamWithTheError() throws IOException {
        applications.boot = (spec, progress) -> {
            progress.step("pulling");
            throw UserException.failed("registry 127.0.0.1:5000 refused: not found");
        };

        RawClient.Answer answer = ask("POST", "/v1/apps", "{\"image\":\"i\"}");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body())
                .contains("{\"event\":\"error\",\"code\":\"failed\",\"message\":\"registry 127.0.0.1:5000 refused:")
                .doesNotContain("done");
    }

    @Test
    void aRunGoesOnWhenItsClientHasLeft() throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        applications.boot = (spec, progress) -> {
            progress.step("pulling");
            await(left);
            for (int i = 0; i < 100; i++) {
                progress.step("layer " + i);
            }
            over.countDown();
        };
        try (RawClient client = new RawClient(socket)) {
            client.request("POST", "/v1/apps", "{\"image\":\"i\",\"name\":\"web\"}");
            client.lineWith("pulling");
        }
        left.countDown();

        await(over);
        assertThat(ask("GET", "/v1/version").status()).isEqualTo(200);
    }

    @Test
    void stopPassesItsGrace() throws IOException {
        applications.put("web", AppState.RUNNING);

        assertThat(ask("POST", "/v1/apps/web/stop", "{\"graceMillis\":1500}").body())
                .contains("\"state\":\"stopped\"");
        assertThat(applications.grace).contains(Duration.ofMillis(1500));
        assertThat(ask("POST", "/v1/apps/web/stop").status()).isEqualTo(200);
        assertThat(applications.grace).contains(Duration.ofSeconds(10));
        assertThat(ask("POST", "/v1/apps/web/stop", "{\"graceMillis\":-1}").body())
                .contains("graceMillis", "-1");
    }

    @Test
    void startStreams() throws IOException {
        applications.put("web", AppState.STOPPED);
        applications.boot = (spec, progress) -> progress.step("booting");

        assertThat(ask("POST", "/v1/apps/web/start").body())
                .containsSubsequence("booting", "\"event\":\"done\"", "\"state\":\"sleeping\"");
    }

    @Test
    void removePassesForce() throws IOException {
        applications.put("web", AppState.RUNNING);

        RawClient.Answer answer = ask("DELETE", "/v1/apps/web?force=true");

        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
        assertThat(applications.forced).contains(true);
    }

    @Test
    void unknownAppIs404() throws IOException {
        for (String request : List.of("GET /v1/apps/no", "DELETE /v1/apps/no", "GET /v1/apps/no/logs")) {
            String[] parts = request.split(" ", 2);
            RawClient.Answer answer = ask(parts[0], parts[1]);
            assertThat(answer.status()).as(request).isEqualTo(404);
            assertThat(answer.body())
                    .isEqualTo("{\"code\":\"not-found\",\"message\":\"no app 'no'; see: ignition ps\"}");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(50, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
