package cloud.ignition.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.oci.registry.FakeRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} in the middle of a download. */
class KilledPullTest {
    private static final int LAYER_BYTES = 4 << 20;

    @TempDir
    Path state;

    @Test
    void nothingHalfIsVisibleAndTheNextPullSucceeds() throws Exception {
        byte[] layer = layer();
        CountDownLatch killed = new CountDownLatch(1);
        try (FakeRegistry registry = new FakeRegistry()) {
            byte[] config = """
                    {"os":"linux","architecture":"amd64","config":{},
                     "rootfs":{"type":"layers","diff_ids":["%s"]}}""".formatted(Digest.of(layer)).getBytes(UTF_8);
            registry.blob(config);
            Digest digest = registry.blob(layer);
            registry.manifest(
                    "now",
                    "application/vnd.oci.image.manifest.v1+json",
                    FakeRegistry.imageManifest(config, List.of(layer)));
            registry.on("/v2/team/web/blobs/" + digest, exchange -> {
                exchange.sendResponseHeaders(200, layer.length);
                exchange.getResponseBody().write(layer, 0, layer.length / 2);
                exchange.getResponseBody().flush();
                try {
                    killed.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });

            Process pull = pull(registry.reference("team/web:now"));
            try (BufferedReader output = new BufferedReader(new InputStreamReader(pull.getInputStream(), UTF_8))) {
                String line = output.readLine();
                assertThat(line).startsWith("progress ");
            } finally {
                pull.destroyForcibly().waitFor();
                killed.countDown();
            }

            assertThat(files("tmp")).hasSize(1);
            assertThat(files("blobs/sha256")).doesNotContain(digest.hex());
            assertThat(files("records")).isEmpty();

            registry.blob(layer);
            try (ImageStore store = ImageStore.open(state)) {
                assertThat(files("tmp")).isEmpty();
                Image image = store.pull(registry.reference("team/web:now"), PullListener.NONE);
                assertThat(image.rootImage()).exists();
                assertThat(files("blobs/sha256")).contains(digest.hex());
            }
        }
    }

    private List<String> files(String directory) throws IOException {
        try (Stream<Path> files = Files.list(state.resolve("images").resolve(directory))) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    /** A tar archive with one file that does not compress. */
    private static byte[] layer() {
        byte[] tar = new byte[LAYER_BYTES];
        new Random(1).nextBytes(tar);
        byte[] header = new byte[512];
        put(header, 0, "file");
        put(header, 100, "0000644\0" + "0000000\0" + "0000000\0");
        put(header, 124, String.format("%011o\0", LAYER_BYTES - 512) + "00000000000\0" + "        0");
        put(header, 257, "ustar\00000");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, String.format("%06o\0", sum));
        System.arraycopy(header, 0, tar, 0, header.length);
        return tar;
    }

    private static void put(byte[] block, int offset, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        System.arraycopy(bytes, 0, block, offset, bytes.length);
    }

    /** The same classes in a process of their own, on the class path. */
    private Process pull(ImageReference reference) throws IOException {
        String path = Stream.of(
                        System.getProperty("jdk.module.path", ""),
                        System.getProperty("java.class.path", ""),
                        Path.of("target/classes").toAbsolutePath().toString(),
                        Path.of("target/test-classes").toAbsolutePath().toString())
                .filter(part -> !part.isEmpty())
                .reduce((first, second) -> first + ":" + second)
                .orElseThrow();
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        path,
                        PullMain.class.getName(),
                        state.toString(),
                        reference.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
