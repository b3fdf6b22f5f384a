package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** An app with a CPU limit gets no more than that, in each of its lives, and leaves no control group behind. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class CpuLimitIT {
    private static final String LIMIT = "0.5";

    /** Its quota in a period, microseconds. */
    private static final String CPU_MAX = "5000 10000";

    /** Share of a CPU: the limit, and what a period that has begun may add to it. */
    private static final double MOST = 0.6;

    /** It did burn. */
    private static final double LEAST = 0.1;

    private static final int BURN_SECONDS = 8;

    /** A connection to port 9000 is answered after seconds without a pause. */
    private static final String GUEST = """
            use Socket;
            socket my $t, PF_INET, SOCK_STREAM, 6 or die;
            setsockopt $t, SOL_SOCKET, SO_REUSEADDR, 1;
            bind $t, sockaddr_in(9000, INADDR_ANY) or die;
            listen $t, 8 or die;
            while (1) { accept my $c, $t or next; readline $c;
                my $end = time + %d; 1 while time < $end;
                print $c "burnt"; close $c }
            """.formatted(BURN_SECONDS);

    private static final String GROUPS = "find /sys/fs/cgroup -type d -name app-%s";

    @Test
    void aBusyAppIsHeldBackInEachOfItsLives(Ignition ignition) {
        ignition.ok(
                "run",
                "-d",
                "--name",
                "limited",
                "-p",
                "9003:9000",
                "--cpu-limit",
                LIMIT,
                "--idle",
                "5s",
                "--entrypoint",
                "perl",
                Ignition.REGISTRY + "/redis:latest",
                "-e",
                GUEST);
        ignition.await("limited", "sleeping");
        String id = ignition.shell("curl -s --unix-socket " + Ignition.SOCKET + " http://ignition/v1/apps/limited"
                        + " | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/'")
                .strip();
        for (int life = 0; life < 2; life++) {
            assertThat(ignition.shell(GROUPS.formatted(id)))
                    .as("while it sleeps")
                    .isEmpty();
            burn(ignition, id);
            ignition.await("limited", "sleeping");
        }
        assertThat(ignition.number("limited", "coldBoots")).isOne();
        ignition.ok("rm", "--force", "limited");
        assertThat(ignition.shell(GROUPS.formatted(id))).isEmpty();
    }

    /** Prints the group's figures before and behind the work, and when that was. */
    private static String work(String id) {
        return """
            exec 3<>/dev/tcp/127.0.0.1/9003
            while ! [ -e "$(find /sys/fs/cgroup -type d -name app-%1$s)/cpu.stat" ]; do sleep 0.1; done
            group=$(find /sys/fs/cgroup -type d -name app-%1$s)
            show() { sed "s/^/$1_/" "$group/cpu.stat"; echo "$1_now ${EPOCHREALTIME/./}"; }
            show before; echo >&3; timeout 200 cat <&3 >&2; show after
            echo "max $(cat "$group/cpu.max" | tr ' ' /)"
            """.formatted(id);
    }

    private static void burn(Ignition ignition, String id) {
        Map<String, String> said = new HashMap<>();
        ignition.shell(work(id)).lines().forEach(line -> {
            String[] words = line.split(" ", 2);
            said.put(words[0], words[1]);
        });
        assertThat(said).containsEntry("max", CPU_MAX.replace(' ', '/'));
        assertThat(grown(said, "nr_throttled")).as("%s", said).isPositive();
        double share = (double) grown(said, "usage_usec") / grown(said, "now");
        System.out.println("limited to " + LIMIT + " CPUs: used " + share + ", held back " + grown(said, "nr_throttled")
                + " times");
        assertThat(share).as("%s", said).isBetween(LEAST, MOST);
    }

    private static long number(Map<String, String> said, String what) {
        return Long.parseLong(Objects.requireNonNull(said.get(what), what));
    }

    private static long grown(Map<String, String> said, String what) {
        return number(said, "after_" + what) - number(said, "before_" + what);
    }
}
