package cloud.ignition.daemon.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.oci.Image;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.RuntimeConfig;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LaunchResolverTest {
    private static Image image(List<String> entrypoint, List<String> cmd) {
        RuntimeConfig config = new RuntimeConfig(
                entrypoint, cmd, List.of("PATH=/app", "A=image"), "/srv", "www", Set.of(), 3, Map.of(), Set.of());
        return new Image(
                ImageReference.parse("localhost/x"),
                "sha256:" + "0".repeat(64),
                Path.of("/r"),
                config,
                1,
                Instant.EPOCH);
    }

    private static AppSpec spec(Optional<String> entrypoint, List<String> command, List<String> env) {
        AppSpec plain = AppSpec.of("web", "x");
        return new AppSpec(
                "web",
                "x",
                1,
                plain.memoryBytes(),
                CpuLimit.NONE,
                NetLimit.NONE,
                List.of(),
                env,
                command,
                entrypoint,
                Optional.empty(),
                Optional.empty(),
                plain.trigger(),
                plain.idle(),
                false);
    }

    private static List<String> arguments(Optional<String> entrypoint, List<String> command) {
        return LaunchResolver.resolve(spec(entrypoint, command, List.of()), image(List.of("e1", "e2"), List.of("c")))
                .arguments();
    }

    @Test
    void followsDockersRules() {
        assertThat(arguments(Optional.empty(), List.of())).containsExactly("e1", "e2", "c");
        assertThat(arguments(Optional.empty(), List.of("mine"))).containsExactly("e1", "e2", "mine");
        assertThat(arguments(Optional.of("own"), List.of())).containsExactly("own");
        assertThat(arguments(Optional.of("own"), List.of("mine"))).containsExactly("own", "mine");
        assertThat(arguments(Optional.of(""), List.of("mine"))).containsExactly("mine");
    }

    @Test
    void takesTheRestFromTheImageUnlessTold() {
        Launch launch = LaunchResolver.resolve(
                spec(Optional.empty(), List.of(), List.of("A=mine", "B=")), image(List.of(), List.of("c")));
        assertThat(launch.env()).containsExactly("PATH=/app", "A=mine", "B=");
        assertThat(launch.cwd()).isEqualTo("/srv");
        assertThat(launch.user()).isEqualTo("www");
        assertThat(launch.stopSignal()).isEqualTo(3);
    }

    @Test
    void saysWhenThereIsNothingToStart() {
        AppSpec plain = spec(Optional.empty(), List.of(), List.of());
        Image empty = image(List.of(), List.of());
        assertThatThrownBy(() -> LaunchResolver.resolve(plain, empty))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("give a command");
    }
}
