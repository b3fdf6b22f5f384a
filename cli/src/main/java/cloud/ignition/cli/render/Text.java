package cloud.ignition.cli.render;

import cloud.ignition.cli.Limits;

/** Makes text that came from elsewhere safe to show on one line. */
public final class Text {
    private Text() {}

    /** The text without control characters (a guest or registry could send terminal commands), cut to a bounded length. */
    public static String oneLine(String text) {
        StringBuilder clean = new StringBuilder();
        text.codePoints()
                .limit(Limits.MESSAGE_CHARACTERS)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? ' ' : c)
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }
}
