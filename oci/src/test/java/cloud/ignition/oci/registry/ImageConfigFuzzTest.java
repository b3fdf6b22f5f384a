package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.RuntimeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as an image's configuration and as its manifest. What is accepted is written again
 * and must be what was read; what is not is refused with one line. {@code make fuzz} looks for new inputs, every run of
 * the tests repeats those that are kept.
 */
public class ImageConfigFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/image-config");
    private static final int MOST_LAYERS = 3;

    /** @param input a JSON document */
    public static void fuzzerTestOneInput(byte[] input) {
        try {
            Manifest manifest = Manifest.read(new Document("application/vnd.oci.image.manifest.v1+json", input));
            if (manifest.layerBytes() < 0) {
                throw new AssertionError("layers of " + manifest.layerBytes() + " bytes");
            }
        } catch (ImageException refused) {
            check(refused);
        }
        for (int layers = 0; layers <= MOST_LAYERS; layers++) {
            try {
                RuntimeConfig config = ImageConfig.read(input, layers).runtime();
                if (!RuntimeConfigJson.read(RuntimeConfigJson.write(config)).equals(config)) {
                    throw new AssertionError("a configuration that is accepted, and written otherwise: " + config);
                }
            } catch (ImageException refused) {
                check(refused);
            }
        }
    }

    private static void check(ImageException refused) {
        String message = refused.getMessage();
        if (message == null || message.lines().count() != 1) {
            throw new AssertionError("not one line", refused);
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
