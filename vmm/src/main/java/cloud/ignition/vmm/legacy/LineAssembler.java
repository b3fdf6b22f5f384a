package cloud.ignition.vmm.legacy;

import java.util.function.Consumer;

/**
 * Makes lines of a guest's output bytes. Lines are bounded: a longer one is cut into pieces. Control characters other
 * than tab become dots, so that a guest cannot steer the terminal of whoever reads its log.
 */
final class LineAssembler {
    /** Longest line handed on, in characters. */
    static final int MAX_LINE = 1024;

    private final Consumer<String> lines;
    private final StringBuilder line = new StringBuilder();

    LineAssembler(Consumer<String> lines) {
        this.lines = lines;
    }

    void add(int octet) {
        if (octet == '\n') {
            flush();
            return;
        }
        if (octet == '\r') {
            return;
        }
        if (line.length() == MAX_LINE) {
            flush();
        }
        line.append((octet >= ' ' && octet < 0x7f) || octet == '\t' ? (char) octet : '.');
    }

    /** Ends a line that has begun. */
    void endPartial() {
        if (!line.isEmpty()) {
            flush();
        }
    }

    String partial() {
        return line.toString();
    }

    void restore(String partial) {
        line.setLength(0);
        line.append(partial);
    }

    private void flush() {
        String complete = line.toString();
        line.setLength(0);
        lines.accept(complete);
    }
}
