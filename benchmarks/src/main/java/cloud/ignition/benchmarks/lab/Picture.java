package cloud.ignition.benchmarks.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Horizontal bars on a logarithmic scale, as SVG. */
final class Picture {
    private static final int WIDTH = 820;
    private static final int LEFT = 190;
    private static final int RIGHT = 90;
    private static final int TOP = 48;
    private static final int ROW = 26;
    private static final int BAR = 16;

    private record Bar(String label, boolean ours, double p50, double p95, double p99) {}

    private final String title;
    private final List<Bar> bars = new ArrayList<>();

    Picture(String title) {
        this.title = title;
    }

    /** Adds a bar; all values are above zero. */
    void bar(String label, boolean ours, double p50, double p95, double p99) {
        if (!(p50 > 0 && p95 >= p50 && p99 >= p95)) {
            throw new IllegalArgumentException(
                    label + ": " + p50 + ", " + p95 + ", " + p99 + " do not rise from above zero");
        }
        bars.add(new Bar(label, ours, p50, p95, p99));
    }

    String svg(String footer) {
        int height = TOP + bars.size() * ROW + 46;
        double low = Math.pow(
                10,
                Math.floor(Math.log10(bars.stream().mapToDouble(Bar::p50).min().orElse(1) / 1.5)));
        double high = bars.stream().mapToDouble(Bar::p99).max().orElse(10) * 1.1;
        StringBuilder out = new StringBuilder();
        add(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">%n",
                WIDTH,
                height,
                WIDTH,
                height);
        add(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>%n");
        add(out, "<text x=\"12\" y=\"22\" font-size=\"15\">%s</text>%n", escape(title));
        for (double tick = low; tick <= high; tick *= 10) {
            double x = x(tick, low, high);
            add(
                    out,
                    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#cccccc\"/>%n",
                    x,
                    TOP - 8,
                    x,
                    height - 40);
            add(
                    out,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#666666\">%s</text>%n",
                    x,
                    TOP - 12,
                    number(tick));
        }
        for (int i = 0; i < bars.size(); i++) {
            draw(out, bars.get(i), TOP + i * ROW, low, high);
        }
        add(out, "<text x=\"12\" y=\"%d\" fill=\"#666666\">%s</text>%n</svg>%n", height - 14, escape(footer));
        return out.toString();
    }

    private static void draw(StringBuilder out, Bar bar, int y, double low, double high) {
        double start = x(low, low, high);
        double end = x(bar.p50(), low, high);
        add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n", LEFT - 8, y + 13, escape(bar.label()));
        add(
                out,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                start,
                y,
                Math.max(1, end - start),
                BAR,
                bar.ours() ? "#d9541e" : "#7a8ca3");
        for (double mark : new double[] {bar.p95(), bar.p99()}) {
            double x = x(mark, low, high);
            add(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#000000\"/>%n", x, y, x, y + BAR);
        }
        add(out, "<text x=\"%.1f\" y=\"%d\">%s</text>%n", x(bar.p99(), low, high) + 6, y + 13, number(bar.p50()));
    }

    private static double x(double value, double low, double high) {
        return LEFT + (WIDTH - LEFT - RIGHT) * Math.log10(value / low) / Math.log10(high / low);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 10 ? "%.0f" : value >= 1 ? "%.1f" : "%.2f", value);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void add(StringBuilder out, String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format, arguments));
    }
}
