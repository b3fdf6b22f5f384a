package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.MicroVm;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job again, with the host's kernel between guest and tap. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class VhostIT {
    private static final String CURL = "curl -s --max-time 180 ";
    private static final String DEVICE = "/dev/vhost-net";

    /** In the lab the module is loaded for these tests only: there the others are about the daemon that moves packets itself. */
    @BeforeAll
    static void loadTheModule(Ignition ignition) {
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        ignition.shell("modprobe vhost_net && test -c " + DEVICE);
        ignition.startDaemon();
        assertThat(ignition.daemonLog()).contains("packets: moved by the kernel (vhost-net)");
    }

    @AfterAll
    static void unloadTheModule(Ignition ignition) {
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        if (ignition.machine().isLab()) { // another host's module may be in use
            ignition.shell("rmmod vhost_net"); // not modprobe -r, which takes tun along
        }
        ignition.startDaemon();
    }

    @Test
    void nginxAnswersAfterEverySleepThroughTheKernel(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "vweb", "-p", "8090:80", "--idle", "3s", Ignition.REGISTRY + "/nginx:latest");
        ignition.await("vweb", "sleeping");
        for (int cycle = 1; cycle <= 3; cycle++) {
            long before = workDone(ignition);
            assertThat(ignition.shell(CURL + "-w '%{http_code}' http://127.0.0.1:8090/"))
                    .contains("Hello from nginx")
                    .endsWith("200");
            assertThat(openDevices(ignition)).isPositive();
            assertThat(workDone(ignition)).as("wake-ups of vhost's threads").isGreaterThan(before);
            ignition.await("vweb", "sleeping");
            assertThat(ignition.number("vweb", "wakes")).isEqualTo(cycle);
        }
        assertThat(ignition.number("vweb", "coldBoots")).isOne();
        assertThat(ignition.ok("inspect", "vweb", "--wakes")).contains("first-packet-out");
        ignition.ok("rm", "--force", "vweb");
    }

    @Test
    void anOpenTcpConnectionOutlivesTheSleep(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "vopen", "-p", "6390:6379", "--idle", "3s", Ignition.REGISTRY + "/redis:latest");
        ignition.await("vopen", "sleeping");
        String answers = ignition.askOverSleeps("vopen", 6390, "SET a 1", "INCR a", "INCR a");
        assertThat(answers.lines().map(String::strip)).containsExactly("+OK", ":2", ":3");
        assertThat(ignition.number("vopen", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "vopen");
    }

    /** Standby: the queues go from the kernel to the daemon and back, without a snapshot between. */
    @Test
    void aStandbyGoesOnInTheKernel(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "vready",
                "-p",
                "6391:6379",
                "--idle",
                "2s",
                "--standby",
                "1h",
                Ignition.REGISTRY + "/redis:latest");
        ignition.await("vready", "sleeping");
        for (int cycle = 1; cycle <= 3; cycle++) {
            assertThat(redis(ignition, 6391, "incr cycles")).isEqualTo("" + cycle);
            ignition.await("vready", "standby");
        }
        ignition.ok("rm", "--force", "vready");
    }

    /** Packets are seen where nobody of the daemon sees them: traffic keeps an app awake for longer than its idle time. */
    @Test
    void trafficKeepsAnAppAwakeAndItsEndLetsItSleep(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "vbusy", "-p", "6392:6379", "--idle", "4s", Ignition.REGISTRY + "/redis:latest");
        ignition.await("vbusy", "sleeping");
        assertThat(redis(ignition, 6392, "ping")).isEqualTo("PONG");
        String states =
                ignition.shell("for i in $(seq 8); do redis-cli -h 127.0.0.1 -p 6392 ping >/dev/null; sleep 1.5; "
                        + "curl -s --unix-socket " + Ignition.SOCKET + " http://ignition/v1/apps/vbusy "
                        + "| grep -o '\"state\":\"[a-z]*\"'; done");
        assertThat(states.lines()).hasSize(8).allMatch("\"state\":\"running\""::equals);
        ignition.await("vbusy", "sleeping");
        assertThat(ignition.number("vbusy", "wakes")).isOne();
        ignition.ok("rm", "--force", "vbusy");
    }

    @Test
    void aSnapshotGoesOnWithoutVhostAndTheOtherWayRound(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "vmoved",
                "-p",
                "6393:6379",
                "--idle",
                "3s",
                Ignition.REGISTRY + "/redis:latest");
        ignition.await("vmoved", "sleeping");
        assertThat(redis(ignition, 6393, "incr moves")).isEqualTo("1");
        ignition.await("vmoved", "sleeping");
        again(ignition, "--vhost off");
        try {
            assertThat(redis(ignition, 6393, "incr moves")).isEqualTo("2");
            assertThat(openDevices(ignition)).isZero();
            assertThat(ignition.shell("nft list tables")).doesNotContain("netdev");
            ignition.await("vmoved", "sleeping");
        } finally {
            again(ignition, "--vhost auto");
        }
        long before = workDone(ignition);
        assertThat(redis(ignition, 6393, "incr moves")).isEqualTo("3");
        assertThat(workDone(ignition)).isGreaterThan(before);
        assertThat(ignition.number("vmoved", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "vmoved");
    }

    /** Each tap has the guard before the kernel may serve it, and one that goes leaves nothing. */
    @Test
    void aGuestSendsOnlyAsItself(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "vspoof",
                "-p",
                "6394:7000",
                "--idle",
                "1h",
                Ignition.REGISTRY + "/probe:latest");
        Probe probe = new Probe(ignition, 6394);
        ignition.await("vspoof", "sleeping");
        long before = dropped(ignition);
        assertThat(probe.values("spoof")).containsEntry("sent", "4");
        assertThat(dropped(ignition) - before)
                .as("of three spoofed frames and an honest one")
                .isEqualTo(3);
        assertThat(probe.ask("time")).isNotEmpty();
        ignition.ok("rm", "--force", "vspoof");
        assertThat(ignition.shell("nft list tables")).doesNotContain("netdev");
    }

    /** With a driver that is a program, without a guest; see {@code VhostScenario} in the tests of the vmm. */
    @ParameterizedTest
    @ValueSource(strings = {"turns", "lies", "refusals"})
    void theKernelsQueuesThemselves(String scenario, Ignition ignition) {
        String classPath =
                Machine.ROOT.resolve("vmm/target/test-classes") + ":" + ClassPath.of(MicroVm.class, Tap.class);
        Result result = ignition.machine()
                .run(
                        Ignition.LIMIT,
                        "unshare",
                        "--net",
                        "--mount",
                        "sh",
                        "-c",
                        "mount -t sysfs sysfs /sys && exec \"$@\"",
                        "sh",
                        System.getProperty("java.home") + "/bin/java",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dcloud.ignition.linux.faults=true",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        classPath,
                        "cloud.ignition.vmm.shell.VhostScenario",
                        scenario);
        assertThat(result.exitCode()).as("%s", result).isZero();
        assertThat(result.out()).contains(scenario + ": ok");
        System.out.println("vhost: " + result.out().lines().findFirst().orElseThrow());
    }

    private static void again(Ignition ignition, String option) {
        assertThat(ignition.terminateDaemon().exitCode()).isZero();
        ignition.startDaemon(option);
    }

    private static String redis(Ignition ignition, int port, String command) {
        return ignition.shell("timeout 180 redis-cli -h 127.0.0.1 -p " + port + " " + command)
                .strip();
    }

    private static long openDevices(Ignition ignition) {
        return Long.parseLong(
                ignition.shell("ls -l /proc/" + ignition.daemonPid() + "/fd | grep -c " + DEVICE + " || true")
                        .strip());
    }

    /** How often the kernel's threads of vhost have run: kernel threads before Linux 6.4, threads of the daemon since. */
    private static long workDone(Ignition ignition) {
        return Long.parseLong(ignition.shell("for t in /proc/[0-9]*/task/*; do read -r name <$t/comm || continue; "
                        + "case $name in vhost-*) cat $t/status;; esac; done 2>/dev/null "
                        + "| awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum + 0 }'")
                .strip());
    }

    private static long dropped(Ignition ignition) {
        return Long.parseLong(ignition.shell("nft list table netdev ignition "
                        + "| awk '/counter packets/ { for (i = 1; i < NF; i++) if ($i == \"packets\") sum += $(i + 1) } "
                        + "END { print sum + 0 }'")
                .strip());
    }
}
