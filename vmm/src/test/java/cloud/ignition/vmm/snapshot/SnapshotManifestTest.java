package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotManifestTest {
    private static final SnapshotManifest MANIFEST = new SnapshotManifest(
            new MachineShape(2, 256L << 20),
            "AuthenticAMD-663-0123456789abcdef",
            1234,
            "ab".repeat(32),
            256L << 20,
            0xfeed_beefL,
            7 * 4096,
            Map.of("image", "sha256:1", "kernel", "with = sign"));

    @TempDir
    Path directory;

    @Test
    void readsWhatItWrote() throws IOException {
        write(MANIFEST.encode());
        assertThat(SnapshotManifest.read(directory)).isEqualTo(MANIFEST);
    }

    @Test
    void refusesAFileCutOffAtAnyByte() throws IOException {
        byte[] whole = MANIFEST.encode();
        for (int length = 0; length < whole.length; length++) {
            write(Arrays.copyOf(whole, length));
            refused();
        }
    }

    @Test
    void refusesAFileWithAnyBitFlipped() throws IOException {
        byte[] whole = MANIFEST.encode();
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            write(flipped);
            refused();
        }
    }

    @Test
    void refusesANewerFormatByItsNumber() throws IOException {
        String text = new String(MANIFEST.encode(), StandardCharsets.UTF_8);
        String signed =
                text.substring(0, text.indexOf("manifest-sha256")).replace("format-version = 1", "format-version = 2");
        write((signed + "manifest-sha256 = " + Digests.sha256(signed.getBytes(StandardCharsets.UTF_8)) + "\n")
                .getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> SnapshotManifest.read(directory))
                .isInstanceOf(SnapshotRefusedException.class)
                .hasMessageContaining("format version 2");
    }

    @Test
    void refusesADirectoryWithoutOne() {
        refused();
    }

    private void refused() {
        assertThatThrownBy(() -> SnapshotManifest.read(directory))
                .isInstanceOf(SnapshotRefusedException.class)
                .message()
                .doesNotContain("\n");
    }

    private void write(byte[] bytes) throws IOException {
        Files.write(directory.resolve(SnapshotManifest.FILE), bytes);
    }
}
