package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** kill -9 of the daemon loses nothing but the last unsaved activity. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class CrashIT {

    @Test
    void aSleepingAppWakesFromItsSnapshotAfterTheDaemonWasKilled(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "kept", "-p", "3002:6379", "--idle", "3s", Ignition.REGISTRY + "/redis:latest");
        ignition.await("kept", "sleeping");
        assertThat(increment(ignition, 3002)).isEqualTo(1);
        ignition.await("kept", "sleeping");
        ignition.killDaemon();
        ignition.startDaemon();
        assertThat(increment(ignition, 3002)).isEqualTo(2);
        assertThat(ignition.number("kept", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "kept");
    }

    @Test
    void aRunningAppGoesBackToItsLastSnapshotAfterTheDaemonWasKilled(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "awake", "-p", "3003:6379", "--idle", "1h", Ignition.REGISTRY + "/redis:latest");
        ignition.await("awake", "sleeping");
        assertThat(increment(ignition, 3003)).isEqualTo(1);
        ignition.await("awake", "running");
        ignition.killDaemon();
        ignition.startDaemon();
        assertThat(increment(ignition, 3003)).isEqualTo(1);
        assertThat(ignition.number("awake", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "awake");
    }

    @Test
    void sigtermSuspendsWhatRunsAndExits(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "term", "-p", "3004:6379", "--idle", "1h", Ignition.REGISTRY + "/redis:latest");
        ignition.await("term", "sleeping");
        assertThat(increment(ignition, 3004)).isEqualTo(1);
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        ignition.startDaemon();
        assertThat(increment(ignition, 3004)).isEqualTo(2);
        assertThat(ignition.number("term", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "term");
    }

    @Test
    void aDamagedSnapshotIsRefusedAndTheImageBootedInstead(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "torn", "-p", "3005:6379", "--idle", "1h", Ignition.REGISTRY + "/redis:latest");
        ignition.await("torn", "sleeping");
        ignition.killDaemon();
        ignition.shell("for f in /var/lib/ignition-e2e/apps/*/snapshots/*/state; do truncate -s -1 $f; done");
        ignition.startDaemon();
        assertThat(increment(ignition, 3005)).isEqualTo(1);
        assertThat(ignition.number("torn", "coldBoots")).isEqualTo(2);
        assertThat(ignition.daemonLog()).contains("snapshot refused, cold boot instead");
        ignition.ok("rm", "--force", "torn");
    }

    /** Adds one to a number that the application keeps in its memory alone. */
    private static int increment(Ignition ignition, int port) {
        return Integer.parseInt(ignition.shell("timeout 180 redis-cli -h 127.0.0.1 -p " + port + " incr counter")
                .strip());
    }
}
