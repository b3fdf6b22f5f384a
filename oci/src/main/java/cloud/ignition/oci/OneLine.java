package cloud.ignition.oci;

/** Makes text of unknown origin fit for one line of a message: no control characters, bounded length. */
final class OneLine {
    private static final int MAX_LENGTH = 400;

    private OneLine() {}

    /** The text, straight from a registry maybe, with control characters as {@code ?}, cut at 400 characters. */
    static String of(String text) {
        StringBuilder line = new StringBuilder(Math.min(text.length(), MAX_LENGTH));
        for (int i = 0; i < text.length(); i++) {
            if (i == MAX_LENGTH) {
                return line.append('…').toString();
            }
            char c = text.charAt(i);
            line.append(Character.isISOControl(c) ? '?' : c);
        }
        return line.toString();
    }
}
