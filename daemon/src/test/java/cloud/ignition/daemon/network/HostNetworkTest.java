package cloud.ignition.daemon.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Runs {@link NetworkScenario} in a network namespace of its own, on real taps, ip and nftables. */
@EnabledIf("cloud.ignition.daemon.network.NetworkNamespace#available")
class HostNetworkTest {
    private static String play(String scenario) {
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            return namespace.run(
                    "",
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path") + ":" + System.getProperty("jdk.module.path", ""),
                    "--enable-native-access=ALL-UNNAMED",
                    NetworkScenario.class.getName(),
                    scenario);
        }
    }

    @Test
    void aSynToAPublishedPortWakesAndTheSleeperHearsNothingElse() {
        assertThat(play("wake")).contains("wake: ok");
    }

    @Test
    void openConnectionsOutliveANewTable() {
        assertThat(play("replace")).contains("replace: ok");
    }

    @Test
    void aNewDaemonTakesTapsOverAndReapsOrphans() {
        assertThat(play("adopt")).contains("adopt: ok");
    }

    @Test
    void aGuestSendsOnlyAsItself() {
        assertThat(play("guard")).contains("guard: ok");
    }

    @Test
    void heldBackConnectionsAreTriedAgainLater() {
        assertThat(play("hold")).contains("hold: ok");
    }
}
