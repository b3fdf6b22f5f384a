package cloud.ignition.benchmarks.lab;

import java.util.Arrays;
import java.util.List;

/** Some numbers of one kind, sorted. */
final class Spread {
    private final long[] sorted;

    /** There must be one at least. */
    Spread(List<Long> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("no values");
        }
        sorted = values.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
    }

    int count() {
        return sorted.length;
    }

    /** The least value that {@code percent} of 100 values do not exceed (nearest rank). */
    long at(int percent) {
        if (percent < 1 || percent > 100) {
            throw new IllegalArgumentException("percent " + percent);
        }
        return sorted[(sorted.length * percent + 99) / 100 - 1];
    }

    long p50() {
        return at(50);
    }

    long p95() {
        return at(95);
    }

    long p99() {
        return at(99);
    }

    long max() {
        return sorted[sorted.length - 1];
    }

    long min() {
        return sorted[0];
    }
}
