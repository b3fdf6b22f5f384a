package cloud.ignition.benchmarks;

import java.util.Arrays;

/**
 * What is told of many durations; nearest rank, microseconds.
 *
 * @param p50 half of them are not longer
 * @param p95 95 of 100 are not longer
 * @param p99 99 of 100 are not longer
 * @param max the longest
 */
record Percentiles(double p50, double p95, double p99, double max) {
    /** Of nanoseconds; there must be one at least. */
    static Percentiles of(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return new Percentiles(at(sorted, 50), at(sorted, 95), at(sorted, 99), at(sorted, 100));
    }

    private static double at(long[] sorted, int percent) {
        return sorted[(sorted.length - 1) * percent / 100] / 1e3;
    }
}
