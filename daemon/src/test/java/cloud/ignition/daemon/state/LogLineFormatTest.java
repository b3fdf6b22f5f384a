package cloud.ignition.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.LogLine;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogLineFormatTest {
    private static LogLine line(String time, String text) {
        return new LogLine(Instant.parse(time), LogLine.Source.STDOUT, text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-11-24T01:02:03.000456Z",
                "2026-11-24T01:02:03.999999Z",
                "2026-11-24T01:02:03Z",
                "2026-12-31T23:59:59.5Z",
                "2027-01-01T00:00:00Z",
                "1970-01-01T00:00:00.000001Z"
            })
    void whatIsWrittenIsRead(String time) {
        String text = LogLineFormat.write(line(time, "GET / 200"));
        assertThat(text).endsWith(" GET / 200\n");
        assertThat(LogLineFormat.read(text.strip())).isEqualTo(Optional.of(line(time, "GET / 200")));
    }

    @Test
    void hasMicrosecondsAlways() {
        assertThat(LogLineFormat.write(line("2026-11-24T01:02:03Z", "a\nb")))
                .isEqualTo("2026-11-24T01:02:03.000000Z " + LogLine.Source.STDOUT.letter() + " a b\n");
    }
}
