package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Two machines of one snapshot have nothing in common that must be secret or unique. docs/uniqueness.md. */
@ExtendWith(World.class)
@ResourceLock(World.PRODUCT)
class UniquenessIT {
    /** Drawn by the kernel after the restore. */
    private static final List<String> KERNEL = List.of("getrandom", "urandom", "uuid", "generation", "ports");

    /** Nanoseconds shifted by 6 in a quarter of a second: what two sequence numbers of one secret can differ by. */
    private static final long ONE_SECRET = 250_000_000 >> 6;

    /** What one machine told. */
    private record Machine(Map<String, String> random, List<String> samples, Map<String, String> reseeded) {}

    @Test
    void twoMachinesOfTheReadySnapshot(Ignition ignition) {
        Probe probe = new Probe(ignition, 7102);
        ignition.ok(
                "run",
                "-d",
                "--name",
                "unique",
                "-p",
                "7102:7000",
                "--cpus",
                "2",
                "--idle",
                "3s",
                "--on-idle",
                "discard",
                Ignition.REGISTRY + "/probe:latest");
        List<Machine> machines = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ignition.await("unique", "sleeping");
            Map<String, String> random = probe.values("random");
            List<String> samples = probe.ask("samples");
            ignition.shell("for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/7102; echo random >&3; "
                    + "grep -q 'reseeds 1' <&3 && exit 0; sleep 0.5; done; exit 1");
            machines.add(new Machine(random, samples, probe.values("random")));
        }
        assertThat(ignition.number("unique", "coldBoots")).isOne();
        Machine one = machines.getFirst();
        Machine two = machines.getLast();
        differ(one.random(), two.random());
        assertThat(one.random().get("first"))
                .as("getrandom by the first instructions behind the listen at which the machine was saved")
                .isNotEqualTo(two.random().get("first"));
        noneOfTheOld(one.samples(), two.samples());
        assertThat(two.random().get("boot-id"))
                .as("drawn at its first reading, which was behind the restore")
                .isNotEqualTo(one.random().get("boot-id"));
        for (String reseeded : List.of("openssl", "openssl-running")) {
            assertThat(one.reseeded().get(reseeded))
                    .as(reseeded)
                    .isNotEqualTo(two.reseeded().get(reseeded));
        }
        System.out.println("without a hook's help: openssl "
                + same("openssl", one.random(), two.random()) + " at the first request ("
                + one.random().get("reseeds")
                + " and " + two.random().get("reseeds") + " reseeds), openssl-untouched "
                + same("openssl-untouched", one.random(), two.random()));
        hooksRan(ignition, one.random().get("generation"), two.random().get("generation"));
        ignition.ok("rm", "--force", "unique");
    }

    @Test
    void twoMachinesOfASuspendedOneAfterAKilledDaemon(Ignition ignition) {
        Probe probe = new Probe(ignition, 7103);
        ignition.ok(
                "run", "-d", "--name", "twice", "-p", "7103:7000", "--idle", "2s", Ignition.REGISTRY + "/probe:latest");
        ignition.await("twice", "sleeping");
        assertThat(probe.values("random")).containsKey("getrandom");
        ignition.await("twice", "sleeping");
        Map<String, String> one = probe.values("random");
        ignition.killDaemon();
        ignition.startDaemon();
        Map<String, String> two = probe.values("random");
        assertThat(one.get("first")).as("both are of the same machine").isEqualTo(two.get("first"));
        differ(one, two);
        ignition.ok("rm", "--force", "twice");
    }

    private static void differ(Map<String, String> one, Map<String, String> two) {
        for (String name : KERNEL) {
            assertThat(one).containsKey(name);
            assertThat(one.get(name)).as(name).isNotEqualTo(two.get(name));
        }
        String[] isn = one.get("isn").split(" ", -1);
        String[] other = two.get("isn").split(" ", -1);
        boolean oneSecret = true;
        for (int i = 0; i < isn.length; i++) {
            int difference = Integer.parseUnsignedInt(isn[i]) - Integer.parseUnsignedInt(other[i]);
            oneSecret &= Math.abs((long) difference) < ONE_SECRET;
        }
        assertThat(oneSecret)
                .as(
                        "sequence numbers of the same connections, %s and %s, come from one secret",
                        one.get("isn"), two.get("isn"))
                .isFalse();
    }

    /**
     * A thread on the other vCPU drew numbers without a pause, each with the time-stamp counter read before it. Where the counters
     * are the same, that was before the snapshot; where they are not, user space ran, and must have seen the new seed.
     */
    private static void noneOfTheOld(List<String> one, List<String> two) {
        int before = 0;
        Set<String> drawn = new HashSet<>();
        for (int i = 0; i < Math.min(one.size(), two.size()); i++) {
            String[] sample = one.get(i).split(" ", -1);
            String[] other = two.get(i).split(" ", -1);
            if (sample[0].equals(other[0])) {
                before++;
            } else {
                assertThat(sample[1]).as("draw %d of both machines", i).isNotEqualTo(other[1]);
                drawn.add(sample[1]);
                drawn.add(other[1]);
            }
        }
        int after = Math.min(one.size(), two.size()) - before;
        System.out.println(
                "draws of a thread that never paused: " + before + " before the snapshot, " + after + " after");
        assertThat(before).as("draws before the snapshot").isGreaterThanOrEqualTo(10);
        assertThat(after).as("draws after it").isGreaterThanOrEqualTo(10);
        assertThat(drawn).hasSize(2 * after);
    }

    private static void hooksRan(Ignition ignition, String... generations) {
        List<String> hooks = ignition.shell("curl -s --unix-socket /run/ignition-e2e.sock"
                        + " http://ignition/v1/apps/unique/logs | grep -o 'restore hook [^\"]*'")
                .lines()
                .toList();
        List<String> expected = new ArrayList<>();
        for (String generation : generations) {
            expected.add("restore hook 10-reseed: generation " + generation);
            expected.add("restore hook 10-reseed: reseeds 1");
            expected.add("restore hook 20-fails: second");
            expected.add("restore hook 20-fails: exit code 3");
        }
        assertThat(hooks).isEqualTo(expected);
    }

    private static String same(String name, Map<String, String> one, Map<String, String> two) {
        return one.get(name).equals(two.get(name)) ? "is the same" : "differs";
    }
}
