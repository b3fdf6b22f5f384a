package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest that ends by itself tells how, and its kernel's last lines are kept. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class EndingsIT {
    @ParameterizedTest
    @CsvSource({
        "power-off, exited, the guest powered itself off, reboot: Power down",
        "reboot, exited, the guest rebooted, reboot: Restarting system",
        "triple-fault, failed, the guest triple-faulted, reboot: Restarting system",
    })
    void aGuestThatEndsItself(String kind, String state, String message, String lastLine, Ignition ignition) {
        Result run = ignition.ignition("run", "--name", kind, Ignition.REGISTRY + "/probe:latest", "end", kind);
        assertThat(run.exitCode()).as("%s", run).isOne();
        assertThat(run.err()).contains("app " + kind + ": " + message, "kernel: ", lastLine);
        ended(ignition, kind, kind, state, message, lastLine);
    }

    @Test
    void aKernelThatPanicsAfterItWasWoken(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "oops", "-p", "7104:7000", "--idle", "1h", Ignition.REGISTRY + "/probe:latest");
        ignition.await("oops", "sleeping");
        new Probe(ignition, 7104).end("panic");
        ignition.await("oops", "failed");
        assertThat(ignition.ok("inspect", "oops")).contains("sysrq: Trigger a crash");
        String line = "Kernel panic - not syncing: sysrq triggered crash";
        ended(ignition, "oops", "panic", "failed", "the guest's kernel panicked: ", line);
    }

    private static void ended(
            Ignition ignition, String app, String kind, String state, String message, String lastLine) {
        assertThat(ignition.ok("inspect", app))
                .contains("\"kind\": \"" + kind + "\"", "\"state\": \"" + state + "\"", message, lastLine);
        assertThat(ignition.ok("ps")).containsPattern(app + " .* " + state + " \\(" + kind + "\\) ");
        assertThat(ignition.number(app, "coldBoots"))
                .as("it is not started again")
                .isOne();
        ignition.ok("rm", app);
    }
}
