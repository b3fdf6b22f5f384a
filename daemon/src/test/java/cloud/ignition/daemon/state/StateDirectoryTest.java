package cloud.ignition.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDirectoryTest {
    @TempDir
    Path directory;

    private Path appFile() {
        return directory.resolve("apps/0123456789ab/app.json");
    }

    @Test
    void givesBackWhatWasWritten() {
        AppRecord record = Records.full();
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(record);
            state.write(record.woken());
        }
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThat(state.adopt().complaints()).isEmpty();
            assertThat(state.adopt().apps()).containsExactly(record.woken());
            state.remove(record.id());
            assertThat(state.adopt().apps()).isEmpty();
            assertThat(directory.resolve("apps")).isEmptyDirectory();
        }
    }

    @Test
    void readsRecordsFromBeforeThereWereNetworkLimits() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(Records.full());
            String text = Files.readString(appFile());
            String old = text.replaceAll("(?m)^.*\"net(Bytes|Packets)PerSecond\".*\\R", "");
            assertThat(old).hasLineCount((int) text.lines().count() - 2);
            Files.writeString(appFile(), old);
            assertThat(state.adopt().apps())
                    .singleElement()
                    .extracting(app -> app.spec().net())
                    .isEqualTo(NetLimit.NONE);
        }
    }

    @Test
    void hasAPathThatLeavesRoomForSockets() {
        Path tooLong = directory.resolve("x".repeat(80));
        assertThatThrownBy(() -> StateDirectory.open(tooLong))
                .isInstanceOfSatisfying(
                        UserException.class, e -> assertThat(e.code()).isEqualTo(UserException.INVALID))
                .hasMessageContaining("at most 72 bytes; choose another with --state");
        assertThat(tooLong).doesNotExist();
    }

    @Test
    void isForOneDaemonAtATime() {
        try (StateDirectory state = StateDirectory.open(directory)) {
            assertThat(state.root()).isEqualTo(directory);
            assertThatThrownBy(() -> StateDirectory.open(directory))
                    .isInstanceOfSatisfying(
                            UserException.class, e -> assertThat(e.code()).isEqualTo(UserException.CONFLICT))
                    .hasMessageContaining(directory + " is in use by another ignition daemon (process "
                            + ProcessHandle.current().pid() + ")");
        }
        StateDirectory.open(directory).close();
    }

    @Test
    void refusesARecordCutOffAnywhereInOneLine() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(Records.full());
            byte[] whole = Files.readAllBytes(appFile());
            // All but the final line end: without that the record is still whole.
            for (int length = 0; length < whole.length - 1; length++) {
                Files.write(appFile(), Arrays.copyOf(whole, length));
                StateDirectory.Adopted adopted = state.adopt();
                assertThat(adopted.apps()).as("cut to %d bytes", length).isEmpty();
                assertThat(adopted.complaints()).singleElement().asString().contains("0123456789ab", "damaged");
                assertThat(adopted.complaints().getFirst()).doesNotContain("\n");
            }
            assertThat(appFile()).exists();
        }
    }

    @Test
    void neverCrashesOnADamagedByte() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(Records.full());
            byte[] whole = Files.readAllBytes(appFile());
            for (int i = 0; i < whole.length; i++) {
                byte[] damaged = whole.clone();
                damaged[i] ^= (byte) (1 << (i % 8));
                Files.write(appFile(), damaged);
                StateDirectory.Adopted adopted = state.adopt();
                assertThat(adopted.apps().size() + adopted.complaints().size())
                        .as("byte %d", i)
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void aCrashBeforeTheRenameLeavesTheOldRecord() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(Records.full());
            Path temporary = appFile().resolveSibling("app.json.tmp");
            Files.writeString(temporary, "{\"half", StandardCharsets.UTF_8);
            assertThat(state.adopt().apps()).containsExactly(Records.full());
            assertThat(temporary).doesNotExist();
        }
    }

    @Test
    void reapsWhatARemovalLeft() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            Path left = Files.createDirectories(directory.resolve("apps/aaaaaaaaaaaa/snapshots/1"));
            Files.writeString(left.resolve("memory"), "x");
            Path foreign = Files.createDirectories(directory.resolve("apps/notes"));
            assertThat(state.adopt().complaints()).isEmpty();
            assertThat(left).doesNotExist();
            assertThat(directory.resolve("apps/aaaaaaaaaaaa")).doesNotExist();
            assertThat(foreign).exists();
        }
    }

    @Test
    void refusesARecordOfAnotherApp() throws IOException {
        try (StateDirectory state = StateDirectory.open(directory)) {
            state.write(Records.full());
            Path other = Files.createDirectories(directory.resolve("apps/bbbbbbbbbbbb"));
            Files.copy(appFile(), other.resolve("app.json"));
            StateDirectory.Adopted adopted = state.adopt();
            assertThat(adopted.apps()).hasSize(1);
            assertThat(adopted.complaints()).singleElement().asString().contains("belongs to app 0123456789ab");
        }
    }

    @Test
    void saysWhenTheDirectoryCannotBe() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> StateDirectory.open(file.resolve("state")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--state");
        assertThat(List.of(file)).allMatch(Files::exists);
    }
}
