package cloud.ignition.benchmarks.lab;

import java.util.Locale;

/** How the numbers of a kind are shown; the ending of its name tells which. */
enum Unit {
    MILLISECONDS("_ns", "ms", 1e6),
    MEBIBYTES("_bytes", "MiB", 1 << 20),
    MEGABITS("_bps", "Mbit/s", 1e6),
    REQUESTS("_rps", "1/s", 1),
    COUNT("", "", 1);

    private final String ending;
    private final String symbol;
    private final double one;

    Unit(String ending, String symbol, double one) {
        this.ending = ending;
        this.symbol = symbol;
        this.one = one;
    }

    static Unit of(String what) {
        for (Unit unit : values()) {
            if (what.endsWith(unit.ending)) {
                return unit;
            }
        }
        throw new IllegalStateException("every name ends with nothing");
    }

    String symbol() {
        return symbol;
    }

    /** The name of what was measured without its unit, for people. */
    static String bare(String what) {
        String ending = of(what).ending;
        return what.substring(0, what.length() - ending.length())
                .replace('_', ' ')
                .replace("stage:", "… ");
    }

    double value(long sample) {
        return sample / one;
    }

    /** Three digits that count, and no exponent. */
    String format(long sample) {
        double value = value(sample);
        double size = Math.abs(value);
        String digits =
                size >= 100 || (this == COUNT && value == Math.rint(value)) ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, digits, value);
    }
}
