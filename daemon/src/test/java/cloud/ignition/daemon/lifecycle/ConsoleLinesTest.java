package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleLinesTest {
    private final List<String> lines = new ArrayList<>();
    private final ConsoleLines console = new ConsoleLines(lines::add);

    private void accept(String text) {
        console.accept(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void joinsPiecesIntoLines() {
        accept("o he");
        accept("llo\no \n\ne wörld\nx ex");
        assertThat(lines).containsExactly("o hello", "o ", "", "e wörld");
        accept("it 3\n");
        assertThat(lines).last().isEqualTo("x exit 3");
    }

    @Test
    void splitsWhatNeverEndsKeepingItsKind() {
        accept("e " + "a".repeat(Limits.MAX_CONSOLE_LINE) + "\n");
        assertThat(lines).hasSize(2).allMatch(line -> line.startsWith("e a"));
        assertThat(String.join("", lines).replace("e ", "")).hasSize(Limits.MAX_CONSOLE_LINE);
    }

    @Test
    void takesAnyBytes() {
        console.accept(new byte[] {'o', ' ', (byte) 0xff, 0, (byte) 0x80, '\n'});
        assertThat(lines).hasSize(1);
    }
}
