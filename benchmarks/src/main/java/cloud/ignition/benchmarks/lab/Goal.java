package cloud.ignition.benchmarks.lab;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A goal of the project that is a ratio within one run.
 *
 * @param what is compared
 * @param bound the ratio must not be over it; for {@code atLeast} goals not under it
 * @param atLeast which of the two
 * @param seen the ratio of this run; empty when a part that it needs was not run
 */
record Goal(String what, double bound, boolean atLeast, OptionalDouble seen) {
    static Goal atMost(String what, double bound, Optional<Double> seen) {
        return new Goal(what, bound, false, optional(seen));
    }

    static Goal atLeast(String what, double bound, Optional<Double> seen) {
        return new Goal(what, bound, true, optional(seen));
    }

    private static OptionalDouble optional(Optional<Double> value) {
        return value.isPresent() ? OptionalDouble.of(value.get()) : OptionalDouble.empty();
    }

    String verdict() {
        if (seen.isEmpty()) {
            return "not measured";
        }
        return (atLeast ? seen.getAsDouble() >= bound : seen.getAsDouble() <= bound) ? "met" : "missed";
    }

    String row() {
        return "| " + what + " | " + (atLeast ? "≥ " : "≤ ") + number(bound) + " | "
                + (seen.isPresent() ? number(seen.getAsDouble()) : "–") + " | " + verdict() + " |";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 1 ? "%.3f" : "%.2f", value);
    }
}
