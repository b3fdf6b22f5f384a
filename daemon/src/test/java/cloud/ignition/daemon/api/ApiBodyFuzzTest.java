package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.UserException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as a request's body. What is accepted is written again and must be what was read;
 * what is not is the client's fault, said in one line. {@code make fuzz} looks for new inputs, every run of the tests
 * repeats those that are kept.
 */
public class ApiBodyFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/api-body");

    /** @param input a body as a client sends it */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length > ApiLimits.BODY_BYTES) {
            return; // refused before it is looked at
        }
        try {
            ObjectNode body = Json.readObject(input);
            if (!body.has("image")) {
                stopAndPull(body);
                return;
            }
            AppSpec spec = AppSpecJson.read(body);
            if (!AppSpecJson.read(Json.readObject(Json.write(AppSpecJson.write(spec))))
                    .equals(spec)) {
                throw new AssertionError("a specification that is accepted, and written otherwise: " + spec);
            }
        } catch (ApiException | UserException refused) {
            ApiException answer = ApiException.of(refused);
            if (answer.status() / 100 != 4 || answer.getMessage().lines().count() != 1) {
                throw new AssertionError(answer.status() + ": " + answer.getMessage(), refused);
            }
        }
    }

    private static void stopAndPull(ObjectNode body) {
        Fields fields = new Fields(body);
        fields.integer("graceMillis");
        fields.text("reference");
        fields.flag("always");
        fields.refuseOthers();
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
