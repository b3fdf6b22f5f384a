package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Memory that an application has freed is neither in the host's memory nor in the next snapshot. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class IdleMemoryIT {
    private static final long MIB = 1 << 20;
    private static final long VALUES = 16 * 8 * MIB;

    /** Free pieces too small for a report, and what the application still holds. */
    private static final long SMALL_PIECES = 40 * MIB;

    @Test
    void whatRedisFreesGoesBack(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "memory",
                "-p",
                "6382:6379",
                "--memory",
                "384M",
                "--idle",
                "15s",
                Ignition.REGISTRY + "/redis:latest");
        ignition.await("memory", "sleeping");
        long before = ignition.number("memory", "snapshotBytes");

        String fill =
                "local v = string.rep('x', 8 * 1024 * 1024); for i = 1, 16 do redis.call('set', KEYS[1] .. i, v) end";
        redis(ignition, "eval \"" + fill + "\" 1 key");
        long full = ignition.number("memory", "residentBytes");
        assertThat(full).isGreaterThan(VALUES);

        redis(ignition, "flushall sync");
        redis(ignition, "memory purge");
        // The guest's kernel reports two seconds after memory became free; asked, the machine does not sleep.
        ignition.shell("for i in $(seq 15); do redis-cli -h 127.0.0.1 -p 6382 ping >/dev/null; sleep 1; done");
        assertThat(ignition.number("memory", "givenBackBytes")).isGreaterThan(VALUES / 2);
        assertThat(ignition.number("memory", "residentBytes")).isLessThan(full - VALUES + SMALL_PIECES);
        ignition.await("memory", "sleeping");
        // Its many changes are made one with its memory first, for which there are two for a while.
        ignition.awaitBelow("memory", "snapshotBytes", before + SMALL_PIECES);

        assertThat(redis(ignition, "set sleep well")).contains("OK");
        ignition.ok("rm", "--force", "memory");
    }

    private static String redis(Ignition ignition, String command) {
        return ignition.shell("redis-cli -h 127.0.0.1 -p 6382 " + command);
    }
}
