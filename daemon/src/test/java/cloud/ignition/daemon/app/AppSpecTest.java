package cloud.ignition.daemon.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppSpecTest {
    private static AppSpec spec(int vcpus, long memory, List<String> ports, List<String> env, Duration idle) {
        return new AppSpec(
                "web",
                "nginx",
                vcpus,
                memory,
                CpuLimit.NONE,
                NetLimit.NONE,
                ports.stream().map(PortMapping::parse).toList(),
                env,
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                SnapshotTrigger.FIRST_LISTEN,
                new IdlePolicy(idle, Duration.ZERO, OnIdle.SUSPEND),
                false);
    }

    @Test
    void refusesWhatIsOutOfRange() {
        Duration idle = Duration.ofSeconds(10);
        long memory = 128L << 20;
        assertThatThrownBy(() -> spec(0, memory, List.of(), List.of(), idle)).hasMessageContaining("vcpus 0");
        assertThatThrownBy(() -> spec(9, memory, List.of(), List.of(), idle)).hasMessageContaining("vcpus 9");
        assertThatThrownBy(() -> spec(1, 62L << 20, List.of(), List.of(), idle)).hasMessageContaining("memory");
        assertThatThrownBy(() -> spec(1, memory + 4096, List.of(), List.of(), idle))
                .hasMessageContaining("memory");
        assertThatThrownBy(() -> spec(1, memory, List.of("1:2", "1:3"), List.of(), idle))
                .hasMessageContaining("same host port");
        assertThatThrownBy(() -> spec(1, memory, List.of(), List.of("NOVALUE"), idle))
                .hasMessageContaining("'NOVALUE'");
        assertThatThrownBy(() -> spec(1, memory, List.of(), List.of("A=1", "A=2"), idle))
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> spec(1, memory, List.of(), List.of("A=x\0y"), idle))
                .hasMessageContaining("NUL");
        assertThatThrownBy(() -> spec(1, memory, List.of(), List.of(), Duration.ofSeconds(-1)))
                .hasMessageContaining("idle time");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-a", "A", "a b", "a/b", ".hidden", "ä", "a\n"})
    void refusesOtherNames(String name) {
        assertThatThrownBy(() -> AppSpec.of(name, "nginx"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("app name");
    }

    @Test
    void takesNamesUpToTheirLimit() {
        assertThat(AppSpec.of("a".repeat(63), "nginx").name()).hasSize(63);
        assertThatThrownBy(() -> AppSpec.of("a".repeat(64), "nginx")).isInstanceOf(UserException.class);
    }

    @Test
    void makesUpNamesThatAreFreeAndAllowed() {
        Set<String> taken = new HashSet<>();
        Random random = new Random(1);
        for (int i = 0; i < 2000; i++) {
            String name = AppNames.generate(random, taken::contains);
            AppNames.check(name);
            assertThat(taken.add(name)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"first-listen", "nth-listen:3", "listen-on-port:8080", "user-space-ready", "manual"})
    void readsAndWritesTriggers(String text) {
        assertThat(SnapshotTrigger.parse(text)).hasToString(text);
        assertThat(SnapshotTrigger.parse(text.replace(':', '='))).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "listen", "nth-listen", "nth-listen:0", "nth-listen:x", "listen-on-port:65536", "manual:1"})
    void refusesOtherTriggers(String text) {
        assertThatThrownBy(() -> SnapshotTrigger.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("snapshot trigger");
    }
}
