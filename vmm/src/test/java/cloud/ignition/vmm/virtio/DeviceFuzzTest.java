package cloud.ignition.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random drivers against every device: registers, rings and requests, right and with some field changed, while resets,
 * restores and a host of any mood happen. Nothing but a lie may come of it, reported once for each reset; no memory
 * outside RAM is used; afterwards the device works for an honest driver.
 *
 * <p>{@code -Dignition.fuzz.operations=N} for more operations, {@code -Dignition.fuzz.seed=S} for the same again. A
 * failing case is shrunk and kept in {@link #CORPUS}, from where every run repeats it.
 */
class DeviceFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/devices");
    private static final int STEPS_OF_A_CASE = 1000;

    private final long operations = Long.getLong("ignition.fuzz.operations", 500_000);
    private final long seed = Long.getLong("ignition.fuzz.seed", new SecureRandom().nextLong(1L << 48));
    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);

    @Test
    void everyDeviceSurvives() {
        System.out.println("fuzz: -Dignition.fuzz.seed=" + seed + " -Dignition.fuzz.operations=" + operations);
        long start = System.nanoTime();
        Random seeds = new Random(seed);
        DeviceKind[] devices = DeviceKind.values();
        SortedSet<String> lies = new TreeSet<>();
        long requests = 0;
        long done = 0;
        for (int i = 0; done < operations || i < devices.length; i++) {
            FuzzCase random = FuzzCase.random(devices[i % devices.length], seeds.nextLong(), STEPS_OF_A_CASE);
            FuzzCase.Outcome outcome = random.run(memory);
            done += outcome.stepsDone();
            if (outcome.failure() != null) {
                throw found(random, outcome.failure(), done);
            }
            lies.addAll(outcome.machine().lies());
            requests += outcome.machine().requestsDone();
        }
        System.out.printf(
                "nightly: step=device-fuzz operations=%d seed=%d requests=%d lies=%d seconds=%d%n",
                done, seed, requests, lies.size(), (System.nanoTime() - start) / 1_000_000_000);
        assertThat(requests).as("requests done").isGreaterThan(operations / 20);
        assertThat(lies).as("kinds of lies found out").hasSizeGreaterThan(15);
    }

    static List<Path> kept() throws IOException {
        return FuzzCase.files(CORPUS);
    }

    @ParameterizedTest
    @MethodSource("kept")
    void keptCasesStayHarmless(Path file) throws IOException {
        FuzzCase.Outcome outcome = FuzzCase.parse(Files.readString(file)).run(memory);
        if (outcome.failure() != null) {
            throw new AssertionError(file + ", step " + outcome.stepsDone(), outcome.failure());
        }
    }

    private AssertionError found(FuzzCase failing, Throwable failure, long operation) {
        FuzzCase small = failing.shrink(memory);
        Path kept = small.keep(CORPUS, "seed " + seed + ", operation " + operation + "\n" + failure);
        return new AssertionError(
                failing.device() + ", -Dignition.fuzz.seed=" + seed + ", operation " + operation + ": " + failure + "; "
                        + small.steps().size() + " steps kept as " + kept,
                failure);
    }
}
