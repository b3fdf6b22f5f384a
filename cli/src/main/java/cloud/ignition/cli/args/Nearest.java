package cloud.ignition.cli.args;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what a mistyped word was probably meant to be. */
public final class Nearest {
    private static final int MOST_EDITS = 2;

    private Nearest() {}

    /** The candidate within two edits of the word, the nearest first. */
    public static Optional<String> to(String word, Collection<String> candidates) {
        return candidates.stream()
                .filter(c -> distance(word, c) <= MOST_EDITS)
                .min(Comparator.comparingInt((String c) -> distance(word, c)).thenComparing(Comparator.naturalOrder()));
    }

    /** The Levenshtein distance: insertions, deletions and replacements of one character. */
    static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
