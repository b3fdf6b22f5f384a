package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** A user's mistake gets one line that names the thing, the value and the remedy, and an exit code. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class ErrorsIT {
    @Test
    void aWrongImageName(Ignition ignition) {
        refused(ignition.ignition("run", "-d", Ignition.REGISTRY + "/no-such-image:latest"), "no-such-image");
    }

    @Test
    void aRegistryThatIsNotThere(Ignition ignition) {
        refused(ignition.ignition("run", "-d", "127.0.0.1:5999/nginx:latest"), "127.0.0.1:5999");
    }

    @Test
    void aPortThatIsInUse(Ignition ignition) {
        refused(ignition.ignition("run", "-d", "-p", "5000:80", Ignition.REGISTRY + "/nginx:latest"), "5000");
    }

    @Test
    void anUnknownApp(Ignition ignition) {
        refused(ignition.ignition("inspect", "nobody"), "nobody");
    }

    @Test
    void aHostWithoutUsableKvm(Ignition ignition) {
        Result result = ignition.machine()
                .shell(
                        Ignition.LIMIT,
                        "unshare -m bash -c 'mount --bind /dev/null /dev/kvm && bin/ignition daemon --state /tmp/no-kvm"
                                + " --socket /tmp/no-kvm.sock'");
        refused(result, "/dev/kvm");
    }

    @Test
    void aDaemonThatIsNotThere(Ignition ignition) {
        refused(
                ignition.machine().shell(Ignition.LIMIT, "IGNITION_SOCKET=/tmp/nobody.sock bin/ignition ps"),
                "/tmp/nobody.sock");
    }

    private static void refused(Result result, String named) {
        assertThat(result.exitCode()).as("%s", result).isNotZero();
        assertThat(result.err().lines().toList().getLast()).contains(named);
        assertThat(result.err()).doesNotContain("Exception", "\tat ");
    }
}
