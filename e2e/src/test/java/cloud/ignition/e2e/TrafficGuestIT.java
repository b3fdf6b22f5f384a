package cloud.ignition.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.MicroVm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The library alone, with a real guest that checks its own devices: many cycles under traffic, and the corners of a
 * machine's shape. The programs of {@code cloud.ignition.e2e.traffic} do the work, on the machine with KVM.
 */
@ExtendWith(World.class)
class TrafficGuestIT {
    /** Number of cycles of each run; the nightly one has 1,000. */
    private static final int CYCLES = Integer.getInteger("ignition.cycles", 60);

    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration CYCLE_LIMIT = Duration.ofSeconds(10);
    private static final String PROGRAMS = "cloud.ignition.e2e.traffic.";

    private static String initramfs = "";

    @BeforeAll
    static void buildTheGuest() {
        Result built = Processes.run(
                START_LIMIT, List.of(Machine.ROOT.resolve("e2e/guest/build").toString()));
        assertThat(built.exitCode()).as("%s", built).isZero();
        initramfs = built.out().lines().toList().getLast();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void losesAndDoublesNothingOverManyCyclesUnderTraffic(int vcpus, Machine machine) {
        Result result =
                run(machine, START_LIMIT.plus(CYCLE_LIMIT.multipliedBy(CYCLES)), "Cycles", "" + CYCLES, "" + vcpus);
        assertThat(result.exitCode()).as("%s", result).isZero();
        assertThat(result.out()).contains("nightly: step=cycles-of-" + vcpus + "-vcpus cycles=" + CYCLES + " ");
        result.out().lines().filter(line -> line.startsWith("nightly: ")).forEach(System.out::println);
    }

    /** The same, with the host's kernel between guest and tap; fewer cycles, they differ in that alone. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void losesAndDoublesNothingWithVhostNet(int vcpus, Machine machine) {
        assertThat(machine.shell(START_LIMIT, "modprobe vhost_net").exitCode()).isZero();
        int cycles = Math.max(1, CYCLES / 3);
        Result result = run(
                machine,
                START_LIMIT.plus(CYCLE_LIMIT.multipliedBy(cycles)),
                "-Dignition.vhost=true",
                "Cycles",
                new String[] {"" + cycles, "" + vcpus});
        assertThat(result.exitCode()).as("%s", result).isZero();
        assertThat(result.err()).doesNotContain("vhost-net", "does not serve");
        result.out().lines().filter(line -> line.startsWith("nightly: ")).forEach(System.out::println);
    }

    @ParameterizedTest
    @CsvSource({"1, 64", "8, 256", "2, 8192"})
    void hasItsShapeAfterARestore(int vcpus, int mebibytes, Machine machine) {
        Result result = run(machine, START_LIMIT, "Shapes", "" + vcpus, "" + mebibytes);
        assertThat(result.exitCode()).as("%s", result).isZero();
    }

    @Test
    void itsDevicesDoWhatTrafficDoesNotUse(Machine machine) {
        Result result = run(machine, START_LIMIT, "GuestDevices");
        assertThat(result.exitCode()).as("%s", result).isZero();
        result.out().lines().filter(line -> line.startsWith("devices: ")).forEach(System.out::println);
    }

    /** Runs a program in a network namespace of its own. */
    private static Result run(Machine machine, Duration limit, String program, String... arguments) {
        return run(machine, limit, "-Dignition.vhost=false", program, arguments);
    }

    private static Result run(Machine machine, Duration limit, String flag, String program, String[] arguments) {
        List<String> command = new ArrayList<>(List.of(
                "unshare",
                "--net",
                System.getProperty("java.home") + "/bin/java",
                // All memory from the start: what grows then is a leak. One compiler, as for the daemon.
                "-XX:+UseSerialGC",
                "-Xms64m",
                "-Xmx64m",
                "-XX:+AlwaysPreTouch",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                flag,
                "-cp",
                ClassPath.of(TrafficGuestIT.class, MicroVm.class, Tap.class),
                PROGRAMS + program,
                Machine.ROOT.resolve("target/guest/vmlinux").toString(),
                initramfs,
                "/tmp"));
        command.addAll(List.of(arguments));
        return machine.run(limit, command);
    }
}
