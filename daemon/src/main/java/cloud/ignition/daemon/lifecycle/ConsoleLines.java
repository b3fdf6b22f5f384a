package cloud.ignition.daemon.lifecycle;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Cuts the guest's console output into lines, whatever the guest sends: a line that is too long becomes several. */
final class ConsoleLines {
    private final byte[] line = new byte[Limits.MAX_CONSOLE_LINE];
    private final Consumer<String> onLine;
    private int length;

    ConsoleLines(Consumer<String> onLine) {
        this.onLine = onLine;
    }

    /** Takes output; gives every line that it ends, without the line end. */
    void accept(byte[] bytes) {
        for (byte b : bytes) {
            if (b == '\n') {
                emit();
            } else {
                if (length == line.length) {
                    emitSplit();
                }
                line[length++] = b;
            }
        }
    }

    private void emit() {
        String text = new String(line, 0, length, StandardCharsets.UTF_8);
        length = 0;
        onLine.accept(text);
    }

    /** The rest of a line that is too long keeps the line's kind, which is its first two characters. */
    private void emitSplit() {
        byte kind = line[0];
        byte separator = line[1];
        emit();
        line[length++] = kind;
        line[length++] = separator;
    }
}
