package cloud.ignition.cli.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.cli.CliException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenderTest {
    @Test
    void aTablesColumnsAreAsWideAsNeeded() {
        assertThat(new Table("NAME", "STATE")
                        .row("a-long-name", "x")
                        .row("b", "")
                        .toString())
                .isEqualTo("""
                        NAME         STATE
                        a-long-name  x
                        b
                        """);
    }

    @Test
    void terminalCommandsAndLineBreaksDoNotGetThrough() {
        assertThat(new Table("A").row("x\u001b[2Jy\nz\u202e").toString()).isEqualTo("A\nx [2Jy z\n");
        assertThat(Text.oneLine("x".repeat(5000))).hasSize(2000);
    }

    @ParameterizedTest
    @CsvSource({"256M,268435456", "256m,268435456", "1GiB,1073741824", "64MB,67108864", "1024,1024", "2k,2048"})
    void sizes(String text, long bytes) {
        assertThat(Units.parseBytes("--memory", text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"10M/s,10485760", "512K,524288", "1MB/s,1048576", "0,0"})
    void rates(String text, long bytesPerSecond) {
        assertThat(Units.parseBytesPerSecond("--net-rate", text)).isEqualTo(bytesPerSecond);
    }

    @ParameterizedTest
    @CsvSource({"x", "10M/m", "/s", "10M/s/s", "10Mbit"})
    void whatIsNoRateIsAUsageError(String text) {
        assertThatThrownBy(() -> Units.parseBytesPerSecond("--net-rate", text))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("option --net-rate: '" + text + "' is not a rate");
    }

    @ParameterizedTest
    @CsvSource({"0.5,500", "2,2000", "0.01,10", "1.125,1125", "0,0"})
    void numbersOfCpus(String text, int milliCpus) {
        assertThat(Units.parseMilliCpus("--cpu-limit", text)).isEqualTo(milliCpus);
    }

    @ParameterizedTest
    @CsvSource({"x", ".5", "50%", "1.", "0.0001", "-1", "1e3"})
    void whatIsNoNumberOfCpusIsAUsageError(String text) {
        assertThatThrownBy(() -> Units.parseMilliCpus("--cpu-limit", text))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("option --cpu-limit: '" + text + "' is not a number of CPUs");
    }

    @ParameterizedTest
    @CsvSource({"10s,10000", "10,10000", "500ms,500", "5m,300000", "2h,7200000", "1d,86400000", "0,0"})
    void durations(String text, long millis) {
        assertThat(Units.parseDuration("--idle", text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @CsvSource({"x", "1.5G", "-1", "''", "10 M", "99999999999999M"})
    void whatIsNoSizeIsAUsageError(String text) {
        assertThatThrownBy(() -> Units.parseBytes("--memory", text))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("option --memory: '" + text + "'");
        assertThatThrownBy(() -> Units.parseDuration("--idle", "soon")).hasMessageContaining("10s, 500ms or 5m");
        assertThatThrownBy(() -> Units.parseCount("--cpus", "0", 1, 8)).hasMessageContaining("from 1 to 8");
    }

    @Test
    void onlyNothingIsShownAsZero() {
        assertThat(Units.mebibytes(0)).isEqualTo("0 MiB");
        assertThat(Units.mebibytes(1)).isEqualTo("1 MiB");
        assertThat(Units.mebibytes(64 << 20)).isEqualTo("64 MiB");
        assertThat(Units.millis(4_512_345)).isEqualTo("4.51 ms");
    }

    @ParameterizedTest
    @CsvSource({"0,0 s", "59,59 s", "60,1 min", "3599,59 min", "7200,2 h", "172800,2 d", "-5,0 s"})
    void ages(long seconds, String text) {
        assertThat(Units.age(Instant.EPOCH, Instant.EPOCH.plusSeconds(seconds))).isEqualTo(text);
    }

    @Test
    void progressIsRewrittenOnATerminalAndLinesElsewhere() {
        assertThat(progress(false)).isEqualTo("pulling\nbooting now\n");
        assertThat(progress(true)).isEqualTo("\r\u001b[Kpulling\r\u001b[Kbooting now\r\u001b[K");
    }

    private static String progress(boolean terminal) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ProgressLine line = new ProgressLine(new PrintStream(bytes, true, StandardCharsets.UTF_8), terminal)) {
            line.step("pulling");
            line.step("booting\nnow");
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
