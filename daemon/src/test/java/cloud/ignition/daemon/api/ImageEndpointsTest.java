package cloud.ignition.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ImageEndpointsTest extends ApiFixture {
    @Test
    void pullsListsAndRemoves() throws IOException {
        assertThat(ask("POST", "/v1/images/pull", "{\"reference\":\"127.0.0.1:5000/a/b:c\",\"always\":true}")
                        .body())
                .containsSubsequence("layer 1 of 1 again", "\"event\":\"done\"", "\"digest\":\"sha256:abc\"");
        assertThat(ask("GET", "/v1/images").body())
                .isEqualTo(
                        "{\"images\":[{\"reference\":\"127.0.0.1:5000/a/b:c\",\"digest\":\"sha256:abc\",\"sizeBytes\":1000}]}");
        assertThat(ask("DELETE", "/v1/images?reference=127.0.0.1:5000/a/b:c").status())
                .isEqualTo(204);
        assertThat(ask("DELETE", "/v1/images?reference=127.0.0.1%3A5000%2Fa%2Fb%3Ac")
                        .body())
                .contains("no image '127.0.0.1:5000/a/b:c'");
    }

    @Test
    void infoCountsStates() throws IOException {
        applications.put("a", cloud.ignition.daemon.app.AppState.SLEEPING);
        applications.put("b", cloud.ignition.daemon.app.AppState.SLEEPING);
        applications.put("c", cloud.ignition.daemon.app.AppState.RUNNING);

        assertThat(ask("GET", "/v1/info").body())
                .contains("\"stateDirectory\":\"/var/lib/x\"", "\"apps\":{\"sleeping\":2,\"running\":1}");
    }
}
