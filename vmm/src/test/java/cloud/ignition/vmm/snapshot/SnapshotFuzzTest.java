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
 * Coverage-guided target: any bytes as a snapshot's state, as its manifest with a digest that fits, and as its file
 * {@code changes} with a checksum that fits. What is accepted is written again and must be what was read. {@code make fuzz} looks for new inputs, every run of the tests repeats
 * those that are kept.
 */
public class SnapshotFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/snapshot");
    private static final byte[] MANIFEST = "format-version".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CHANGES = "changes\n".getBytes(StandardCharsets.US_ASCII);
    private static final long MEMORY_PAGES = (64L << 20) / 4096;
    private static final Path DIRECTORY = directory();

    /** @param input a manifest's lines when it begins like one, a list of changes behind a line that says so, else a state file */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        if (startsWith(input, MANIFEST)) {
            manifest(input);
        } else if (startsWith(input, CHANGES)) {
            changes(Arrays.copyOfRange(input, CHANGES.length, input.length));
        } else {
            state(input);
        }
    }

    private static boolean startsWith(byte[] input, byte[] start) {
        return input.length >= start.length && Arrays.equals(start, 0, start.length, input, 0, start.length);
    }

    /** A list that is accepted names no page twice and none outside the memory. */
    private static void changes(byte[] list) {
        ChangeIndex index;
        try {
            index = ChangeIndex.decode(list, MEMORY_PAGES);
        } catch (CorruptStateException refused) {
            return;
        }
        long end = 0;
        long data = 0;
        for (int run = 0; run < index.count(); run++) {
            if (index.first(run) < end || index.pages(run) <= 0) {
                throw new AssertionError("run " + run + " is not behind the one before it");
            }
            end = index.first(run) + (long) index.pages(run);
            data += index.isZero(run) ? 0 : index.pages(run);
        }
        if (end > MEMORY_PAGES || data * 4096 != index.dataBytes() || !Arrays.equals(index.encode(), list)) {
            throw new AssertionError("changes that are accepted, and are others");
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
