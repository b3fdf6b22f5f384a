package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The main job: run, sleep, wake by a packet, answer, and again. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class SleepAndWakeIT {
    private static final int CYCLES = 5;
    private static final String CURL = "curl -s --max-time 180 ";

    @Test
    void nginxAnswersAfterEverySleep(Ignition ignition) {
        ignition.ok("run", "-d", "--name", "web", "-p", "8080:80", "--idle", "3s", Ignition.REGISTRY + "/nginx:latest");
        ignition.await("web", "sleeping");
        assertThat(ignition.ok("ps")).containsPattern("web .* sleeping +0 MiB");
        for (int cycle = 1; cycle <= CYCLES; cycle++) {
            String page = ignition.shell(CURL + "-w '%{http_code}' http://127.0.0.1:8080/");
            assertThat(page).contains("Hello from nginx").endsWith("200");
            ignition.await("web", "sleeping");
            assertThat(ignition.number("web", "wakes")).isEqualTo(cycle);
        }
        assertThat(ignition.number("web", "coldBoots")).isOne();
        // The workers are the same processes as before the first sleep: nginx's own state is as it was left.
        assertThat(ignition.ok("logs", "web")).contains("GET / HTTP/1.1\" 200");
        assertThat(ignition.ok("inspect", "web", "--wakes"))
                .contains("packet", "shell", "memory", "state", "vcpu", "first-packet-out");
        ignition.ok("rm", "--force", "web");
    }

    @Test
    void nodeCountsOnOverItsSleeps(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "node", "-p", "3000:3000", "--idle", "3s", Ignition.REGISTRY + "/node:latest");
        ignition.await("node", "sleeping");
        for (int cycle = 1; cycle <= CYCLES; cycle++) {
            assertThat(ignition.shell(CURL + "http://127.0.0.1:3000/")).contains("\"counter\":" + cycle);
            ignition.await("node", "sleeping");
        }
        assertThat(ignition.number("node", "coldBoots")).isOne();
        assertThat(ignition.number("node", "wakes")).isEqualTo(CYCLES);
        ignition.ok("rm", "--force", "node");
    }

    @Test
    void redisKeepsAKeyThatWasSetBeforeItSlept(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "redis", "-p", "6379:6379", "--idle", "3s", Ignition.REGISTRY + "/redis:latest");
        ignition.await("redis", "sleeping");
        assertThat(ignition.shell("redis-cli -h 127.0.0.1 set sleep well")).contains("OK");
        for (int cycle = 1; cycle <= CYCLES; cycle++) {
            ignition.await("redis", "sleeping");
            assertThat(ignition.shell("redis-cli -h 127.0.0.1 get sleep")).contains("well");
            assertThat(ignition.shell("redis-cli -h 127.0.0.1 incr cycles").strip())
                    .endsWith(Integer.toString(cycle));
        }
        ignition.ok("rm", "--force", "redis");
    }

    @Test
    void anOpenTcpConnectionOutlivesTheSleep(Ignition ignition) {
        ignition.ok(
                "run", "-d", "--name", "open", "-p", "6380:6379", "--idle", "3s", Ignition.REGISTRY + "/redis:latest");
        ignition.await("open", "sleeping");
        String answers = ignition.askOverSleeps("open", 6380, "SET a 1", "INCR a", "INCR a");
        assertThat(answers.lines().map(String::strip)).containsExactly("+OK", ":2", ":3");
        assertThat(ignition.number("open", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "open");
    }

    @Test
    void aDatagramWakesAsWellAsASyn(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "udp",
                "-p",
                "3006:3000/udp",
                "--snapshot",
                "listen-on-port=3000",
                "--idle",
                "3s",
                Ignition.REGISTRY + "/node:latest");
        for (int cycle = 1; cycle <= 2; cycle++) {
            ignition.await("udp", "sleeping");
            // One datagram only: it waits in the tap, nobody sends it again.
            String answer = ignition.shell("exec 3<>/dev/udp/127.0.0.1/3006; echo hello >&3; "
                    + "timeout 120 dd bs=2048 count=1 status=none <&3");
            assertThat(answer.strip()).isEqualTo("hello " + cycle);
        }
        assertThat(ignition.number("udp", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "udp");
    }

    @Test
    void discardGoesBackToTheReadyMachine(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "fresh",
                "-p",
                "6381:6379",
                "--idle",
                "2s",
                "--on-idle",
                "discard",
                Ignition.REGISTRY + "/redis:latest");
        for (int cycle = 1; cycle <= 2; cycle++) {
            ignition.await("fresh", "sleeping");
            assertThat(ignition.shell("redis-cli -h 127.0.0.1 -p 6381 incr counter")
                            .strip())
                    .endsWith("1");
        }
        ignition.ok("rm", "--force", "fresh");
    }
}
