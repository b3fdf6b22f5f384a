package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.memory.GuestMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What a fuzzed guest does to one device, from reset on. As a file: lines of comment, the device, a line for each step.
 *
 * @param device the device
 * @param steps in order
 */
record FuzzCase(DeviceKind device, List<FuzzStep> steps) {
    private static final String SUFFIX = ".case";

    /** What came of a case. */
    record Outcome(
            FuzzMachine machine, int stepsDone, @Nullable Throwable failure) {}

    FuzzCase {
        steps = List.copyOf(steps);
    }

    static FuzzCase random(DeviceKind device, long seed, int steps) {
        Random random = new Random(seed);
        List<FuzzStep> made = new ArrayList<>(steps);
        for (int i = 0; i < steps; i++) {
            made.add(FuzzStep.random(random));
        }
        return new FuzzCase(device, made);
    }

    /** All cases below a directory. */
    static List<Path> files(Path directory) throws IOException {
        try (var paths = Files.walk(directory)) {
            return paths.filter(path -> path.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    static FuzzCase parse(String text) {
        List<String> lines = text.lines().filter(line -> !line.startsWith("#")).toList();
        return new FuzzCase(
                DeviceKind.valueOf(lines.getFirst()),
                lines.stream().skip(1).map(FuzzStep::parse).toList());
    }

    String text(String comment) {
        StringBuilder text = new StringBuilder();
        comment.lines().forEach(line -> text.append("# ").append(line).append('\n'));
        text.append(device).append('\n');
        steps.forEach(step -> text.append(step).append('\n'));
        return text.toString();
    }

    /** Writes the case under a name made of its content. */
    Path keep(Path directory, String comment) {
        try {
            Files.createDirectories(directory);
            String name = device.name().toLowerCase(java.util.Locale.ROOT) + "-" + Integer.toHexString(hashCode());
            return Files.writeString(directory.resolve(name + SUFFIX), text(comment));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int hashCode() {
        return text("").hashCode(); // the same in every run, unlike an enum's
    }

    Outcome run(GuestMemory memory) {
        int done = 0;
        try (FuzzMachine machine = new FuzzMachine(device, memory)) {
            try {
                for (FuzzStep step : steps) {
                    machine.step(step);
                    done++;
                }
                machine.end();
            } catch (RuntimeException | AssertionError e) {
                return new Outcome(machine, done, e);
            }
            return new Outcome(machine, done, null);
        }
    }

    /** The same failure with as few steps as leaving out pieces gets at: halves first, single steps last. */
    FuzzCase shrink(GuestMemory memory) {
        Outcome outcome = run(memory);
        Throwable failure = outcome.failure();
        if (failure == null) {
            return this;
        }
        FuzzCase smallest = new FuzzCase(device, steps.subList(0, Math.min(outcome.stepsDone() + 1, steps.size())));
        for (int piece = smallest.steps.size(); piece > 0; piece /= 2) {
            for (int at = smallest.steps.size() - piece; at >= 0; at -= piece) {
                FuzzCase smaller = smallest.without(at, Math.min(at + piece, smallest.steps.size()));
                Throwable other = smaller.run(memory).failure();
                if (other != null && isAlike(failure, other)) {
                    smallest = smaller;
                }
            }
        }
        return smallest;
    }

    private FuzzCase without(int from, int to) {
        List<FuzzStep> left = new ArrayList<>(steps.subList(0, from));
        left.addAll(steps.subList(to, steps.size()));
        return new FuzzCase(device, left);
    }

    /** Thrown at the same place, by the same kind of thing. */
    private static boolean isAlike(Throwable a, Throwable b) {
        StackTraceElement[] there = a.getStackTrace();
        StackTraceElement[] here = b.getStackTrace();
        return a.getClass() == b.getClass()
                && (there.length == 0) == (here.length == 0)
                && (there.length == 0 || there[0].equals(here[0]));
    }
}
