package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as a snapshot's state, and as its manifest with a digest that fits. What is accepted
 * is written again and must be what was read. {@code make fuzz} looks for new inputs, every run of the tests repeats
 * those that are kept.
 */
public class SnapshotFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/snapshot");
    private static final byte[] MANIFEST = "format-version".getBytes(StandardCharsets.US_ASCII);
    private static final Path DIRECTORY = directory();

    /** @param input a manifest's lines when it begins like one, else a state file */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (input.length >= MANIFEST.length && Arrays.equals(MANIFEST, 0, MANIFEST.length, input, 0, MANIFEST.length)) {
            manifest(input);
        } else {
            state(input);
        }
    }

    private static void state(byte[] bytes) {
        MachineState state;
        try {
            state = MachineState.decode(bytes);
        } catch (CorruptStateException refused) {
            return;
        }
        if (!Arrays.equals(state.encode(), bytes)) {
            throw new AssertionError("a state that is accepted, and written otherwise");
        }
    }

    private static void manifest(byte[] lines) throws IOException {
        String signed = new String(lines, StandardCharsets.UTF_8);
        String whole = signed + "manifest-sha256 = " + Digests.sha256(signed.getBytes(StandardCharsets.UTF_8)) + "\n";
        Files.writeString(DIRECTORY.resolve(SnapshotManifest.FILE), whole);
        SnapshotManifest manifest;
        try {
            manifest = SnapshotManifest.read(DIRECTORY);
        } catch (SnapshotRefusedException refused) {
            return;
        }
        Files.write(DIRECTORY.resolve(SnapshotManifest.FILE), manifest.encode());
        if (!SnapshotManifest.read(DIRECTORY).equals(manifest)) {
            throw new AssertionError("a manifest that is accepted, and written otherwise");
        }
    }

    private static Path directory() {
        try {
            Path made = Files.createTempDirectory("snapshot-fuzz");
            made.toFile().deleteOnExit();
            made.resolve(SnapshotManifest.FILE).toFile().deleteOnExit();
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Path> kept() throws IOException {
        try (var files = Files.list(CORPUS)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("kept")
    void keptInputsStayHarmless(Path file) throws IOException {
        fuzzerTestOneInput(Files.readAllBytes(file));
    }
}
