package cloud.ignition.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class DaemonLogTest {
    @Test
    void oneLineWithTimeAndLevel() {
        assertThat(format("2026-11-23T10:00:00.1239Z", Level.INFO))
                .isEqualTo("2026-11-23T10:00:00.123Z INFO  web wakes\n");
        assertThat(format("2026-11-23T10:00:00Z", Level.WARNING))
                .isEqualTo("2026-11-23T10:00:00.000Z WARN  web wakes\n");
        assertThat(format("2026-11-23T10:00:00Z", Level.SEVERE)).startsWith("2026-11-23T10:00:00.000Z ERROR ");
    }

    @Test
    void anUnexpectedFailureKeepsItsTrace() {
        LogRecord entry = new LogRecord(Level.SEVERE, "thread x ended");
        entry.setThrown(new IllegalStateException("why"));
        assertThat(new DaemonLog.OneLine().format(entry))
                .contains("thread x ended", "IllegalStateException: why", "\tat ");
    }

    private static String format(String time, Level level) {
        LogRecord entry = new LogRecord(level, "web {0}");
        entry.setParameters(new Object[] {"wakes"});
        entry.setInstant(Instant.parse(time));
        return new DaemonLog.OneLine().format(entry);
    }
}
