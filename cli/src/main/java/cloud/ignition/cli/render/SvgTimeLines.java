package cloud.ignition.cli.render;

import java.util.List;
import java.util.Locale;

/** Time lines below each other in one picture, all on the same scale. */
public final class SvgTimeLines {
    private static final int WIDTH = 960;
    private static final int LABEL_WIDTH = 190;
    private static final int VALUE_WIDTH = 170;
    private static final int ROW = 20;
    private static final int MARGIN = 16;
    private static final List<String> COLOURS =
            List.of("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#b07aa1", "#9c755f", "#edc948");

    private SvgTimeLines() {}

    /** The picture as an SVG document. */
    public static String of(List<TimeLine> lines) {
        int rows = lines.stream().mapToInt(line -> line.bars().size() + 2).sum();
        long span = lines.stream().mapToLong(TimeLine::span).max().orElse(1);
        StringBuilder svg = new StringBuilder();
        append(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%1$d\" height=\"%2$d\" viewBox=\"0 0 %1$d %2$d\""
                        + " font-family=\"sans-serif\" font-size=\"12\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>%n",
                WIDTH,
                rows * ROW + 2 * MARGIN);
        int y = MARGIN;
        for (TimeLine line : lines) {
            append(
                    svg,
                    "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>%n",
                    MARGIN,
                    y + ROW - 6,
                    escaped(line.title()));
            y += ROW;
            for (int i = 0; i < line.bars().size(); i++) {
                bar(svg, line.bars().get(i), COLOURS.get(i % COLOURS.size()), y, span);
                y += ROW;
            }
            y += ROW;
        }
        return svg.append("</svg>\n").toString();
    }

    private static void bar(StringBuilder svg, TimeLine.Bar bar, String colour, int y, long span) {
        double scale = (double) (WIDTH - LABEL_WIDTH - VALUE_WIDTH - 2 * MARGIN) / span;
        double x = MARGIN + LABEL_WIDTH + bar.start() * scale;
        double width = Math.max(1, (bar.end() - bar.start()) * scale);
        append(svg, "<text x=\"%d\" y=\"%d\">%s</text>%n", MARGIN, y + ROW - 6, escaped(bar.name()));
        append(
                svg,
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                x,
                y + 3,
                width,
                ROW - 6,
                colour);
        append(
                svg,
                "<text x=\"%.1f\" y=\"%d\">%s (+%s)</text>%n",
                x + width + 4,
                y + ROW - 6,
                Units.millis(bar.end()),
                Units.millis(bar.end() - bar.start()));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void append(StringBuilder svg, String format, Object... arguments) {
        svg.append(String.format(Locale.ROOT, format, arguments));
    }
}
