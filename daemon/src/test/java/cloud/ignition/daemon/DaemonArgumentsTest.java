package cloud.ignition.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.Vhost;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DaemonArgumentsTest {
    @Test
    void readsEveryOption() {
        DaemonArguments arguments = DaemonArguments.parse(
                List.of(
                        "--state",
                        "/s",
                        "--socket=/t",
                        "--network",
                        "10.1.0.0/16",
                        "--kernel",
                        "/k",
                        "--initramfs",
                        "/i",
                        "--vhost=off",
                        "--mirror",
                        "docker.io=127.0.0.1:5000",
                        "--mirror=registry.example=mirror.example"),
                Map.of());

        assertThat(arguments.help()).isFalse();
        assertThat(arguments.socket()).isEqualTo(Path.of("/t"));
        assertThat(arguments.options().stateDirectory()).isEqualTo(Path.of("/s"));
        assertThat(arguments.options().network()).isEqualTo("10.1.0.0/16");
        assertThat(arguments.options().kernel()).isEqualTo(Optional.of(Path.of("/k")));
        assertThat(arguments.options().initramfs()).isEqualTo(Optional.of(Path.of("/i")));
        assertThat(arguments.options().vhost()).isEqualTo(Vhost.OFF);
        assertThat(arguments.options().mirrors())
                .isEqualTo(Map.of("docker.io", "127.0.0.1:5000", "registry.example", "mirror.example"));
    }

    @Test
    void theKernelMovesPacketsUnlessToldOtherwise() {
        assertThat(DaemonArguments.parse(List.of(), Map.of()).options().vhost()).isEqualTo(Vhost.AUTO);
        assertThat(DaemonArguments.parse(List.of("--vhost", "auto"), Map.of())
                        .options()
                        .vhost())
                .isEqualTo(Vhost.AUTO);
    }

    @Test
    void socketComesFromOptionThenEnvironmentThenDefault() {
        Map<String, String> environment = Map.of("IGNITION_SOCKET", "/e");
        assertThat(DaemonArguments.parse(List.of("--socket", "/o"), environment).socket())
                .isEqualTo(Path.of("/o"));
        assertThat(DaemonArguments.parse(List.of(), environment).socket()).isEqualTo(Path.of("/e"));
        assertThat(DaemonArguments.parse(List.of(), Map.of()).socket()).isEqualTo(Path.of("/run/ignition.sock"));
    }

    @ParameterizedTest
    @CsvSource({
        "--stat /x,unknown option --stat",
        "start,unexpected word start",
        "--state,option --state needs a value",
        "--state=,option --state has an empty value",
        "--state /a --state /b,option --state is given twice",
        "--vhost on,option --vhost: 'on' is neither auto nor off",
        "--mirror docker.io,option --mirror: 'docker.io' is not NAME=HOST",
        "--mirror docker.io=http://x,option --mirror: 'docker.io=http://x' is not NAME=HOST",
        "--mirror a=b --mirror a=c,option --mirror names a twice",
    })
    void refusesTheRest(String words, String message) {
        assertThatThrownBy(() -> DaemonArguments.parse(List.of(words.split(" ", -1)), Map.of()))
                .hasMessageContaining(message)
                .hasMessageContaining("ignition daemon --help");
    }
}
