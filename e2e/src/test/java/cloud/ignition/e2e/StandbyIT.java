package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** An idle app that stands by goes on where it was, and goes to its snapshot when the host is short of memory. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class StandbyIT {
    /** Keeps tasks waiting for memory, in a control group that may not have what they want, until told to end. */
    private static final String HOG = """
            set -e
            echo +memory >/sys/fs/cgroup/cgroup.subtree_control
            mkdir -p /sys/fs/cgroup/hog
            echo 20M >/sys/fs/cgroup/hog/memory.high
            sh -c 'echo $$ >/sys/fs/cgroup/hog/cgroup.procs
              while :; do head -c 60M /dev/zero | tail -c 50M >/dev/null; done' >/dev/null 2>&1 </dev/null &
            """;

    private static final String END_HOG = """
            echo 1 >/sys/fs/cgroup/hog/cgroup.kill
            while ! rmdir /sys/fs/cgroup/hog 2>/dev/null; do sleep 0.1; done
            """;

    @Test
    void redisGoesOnFromMemoryAndLeavesItUnderPressure(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "ready",
                "-p",
                "6383:6379",
                "--idle",
                "2s",
                "--standby",
                "1h",
                Ignition.REGISTRY + "/redis:latest");
        ignition.await("ready", "sleeping");
        assertThat(redis(ignition, "set stand by")).contains("OK");
        ignition.await("ready", "standby");
        long wakes = ignition.number("ready", "wakes");
        assertThat(ignition.number("ready", "residentBytes")).isPositive();

        String clock = "time";
        long before = seconds(redis(ignition, clock));
        ignition.await("ready", "standby");
        ignition.shell("sleep 5");
        assertThat(redis(ignition, "get stand")).contains("by");
        ignition.await("ready", "standby");
        long host = Long.parseLong(ignition.shell("date +%s").strip());
        long guest = seconds(redis(ignition, clock));
        assertThat(guest).as("the guest's clock goes on, host %s", host).isBetween(host, host + 60);
        assertThat(guest - before).isGreaterThan(5);
        ignition.await("ready", "standby");
        assertThat(ignition.number("ready", "wakes")).isEqualTo(wakes + 3);
        assertThat(ignition.ignition("logs", "-t", "ready").err()).contains("standing by", "woken from standby");

        ignition.shell(HOG);
        try {
            ignition.await("ready", "sleeping");
        } finally {
            ignition.shell(END_HOG);
        }
        assertThat(ignition.number("ready", "residentBytes")).isZero();
        assertThat(redis(ignition, "get stand")).contains("by");
        assertThat(ignition.number("ready", "coldBoots")).isEqualTo(1);
        ignition.ok("rm", "--force", "ready");
    }

    private static long seconds(String time) {
        return Long.parseLong(time.strip().lines().findFirst().orElseThrow());
    }

    private static String redis(Ignition ignition, String command) {
        return ignition.shell("redis-cli -h 127.0.0.1 -p 6383 " + command);
    }
}
