package cloud.ignition.cli.args;

import java.util.List;

/** Prints a verb's help from its description. */
public final class HelpText {
    private static final int COLUMN = 28;

    private HelpText() {}

    /** The help of one verb, ending in a line break. */
    public static String of(CommandSpec spec) {
        StringBuilder text = new StringBuilder();
        text.append("Usage: ").append(spec.usage()).append("\n\n");
        text.append(Character.toUpperCase(spec.summary().charAt(0)))
                .append(spec.summary().substring(1))
                .append(".\n");
        spec.details().forEach(line -> text.append(line).append('\n'));
        text.append("\nOptions:\n");
        for (Option option : spec.options()) {
            row(text, spelling(option), option.help());
        }
        block(text, spec.examples());
        return text.toString();
    }

    /** One row of a two-column list; the second column starts at a fixed place or on the next line. */
    public static void row(StringBuilder text, String left, String right) {
        text.append("  ").append(left);
        if (left.length() + 4 > COLUMN) {
            text.append('\n').append(" ".repeat(COLUMN));
        } else {
            text.append(" ".repeat(COLUMN - left.length() - 2));
        }
        text.append(right).append('\n');
    }

    private static void block(StringBuilder text, List<String> lines) {
        if (lines.isEmpty()) {
            return;
        }
        text.append("\nExamples:\n");
        lines.forEach(line -> text.append("  ").append(line).append('\n'));
    }

    private static String spelling(Option option) {
        String names = String.join(", ", option.names());
        String indent = names.startsWith("--") ? "    " : "";
        return indent + names + option.valueName().map(v -> " " + v).orElse("");
    }
}
