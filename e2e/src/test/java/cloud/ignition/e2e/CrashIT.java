package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** kill -9 of the daemon loses nothing but the last unsaved activity. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class CrashIT {
    private static final String CURL = "curl -s --max-time 180 ";

    @Test
    void aSleepingAppWakesFromItsSnapshotAfterTheDaemonWasKilled(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "kept", "-p", "3002:3000", "--idle", "3s", Ignition.REGISTRY + "/node:latest");
        ignition.await("kept", "sleeping");
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3002/")).contains("\"counter\":1");
        ignition.await("kept", "sleeping");
        ignition.killDaemon();
        ignition.startDaemon();
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3002/")).contains("\"counter\":2");
        assertThat(ignition.number("kept", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "kept");
    }

    @Test
    void aRunningAppGoesBackToItsLastSnapshotAfterTheDaemonWasKilled(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "awake", "-p", "3003:3000", "--idle", "1h", Ignition.REGISTRY + "/node:latest");
        ignition.await("awake", "sleeping");
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3003/")).contains("\"counter\":1");
        ignition.await("awake", "running");
        ignition.killDaemon();
        ignition.startDaemon();
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3003/")).contains("\"counter\":1");
        assertThat(ignition.number("awake", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "awake");
    }

    @Test
    void sigtermSuspendsWhatRunsAndExits(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "term", "-p", "3004:3000", "--idle", "1h", Ignition.REGISTRY + "/node:latest");
        ignition.await("term", "sleeping");
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3004/")).contains("\"counter\":1");
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        ignition.startDaemon();
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3004/")).contains("\"counter\":2");
        assertThat(ignition.number("term", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "term");
    }

    @Test
    void aDamagedSnapshotIsRefusedAndTheImageBootedInstead(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "torn", "-p", "3005:3000", "--idle", "1h", Ignition.REGISTRY + "/node:latest");
        ignition.await("torn", "sleeping");
        ignition.killDaemon();
        ignition.shell("for f in /var/lib/ignition-e2e/apps/*/snapshots/*/state; do truncate -s -1 $f; done");
        ignition.startDaemon();
        assertThat(ignition.shell(CURL + "http://127.0.0.1:3005/")).contains("\"counter\":1");
        assertThat(ignition.number("torn", "coldBoots")).isEqualTo(2);
        assertThat(ignition.daemonLog()).contains("is damaged");
        ignition.ok("rm", "--force", "torn");
    }
}
