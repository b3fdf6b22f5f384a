package cloud.ignition.oci;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Debian's docker-registry on a free loopback port, and skopeo and umoci to fill it. */
final class TestRegistry implements AutoCloseable {
    private final Path directory;
    private final Process process;
    private final int port;

    private TestRegistry(Path directory, Process process, int port) {
        this.directory = directory;
        this.process = process;
        this.port = port;
    }

    static TestRegistry start(Path directory) throws IOException {
        int port = freePort();
        Path config = directory.resolve("registry.yml");
        Files.writeString(config, """
                version: 0.1
                log:
                  level: error
                storage:
                  filesystem:
                    rootdirectory: %s
                http:
                  addr: 127.0.0.1:%d
                """.formatted(directory.resolve("registry"), port));
        Process process = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("registry.log").toFile())
                .start();
        TestRegistry registry = new TestRegistry(directory, process, port);
        registry.awaitReady();
        return registry;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String host() {
        return "127.0.0.1:" + port;
    }

    ImageReference reference(String nameAndTag) {
        return ImageReference.parse(host() + "/" + nameAndTag);
    }

    /** Copies an image of an OCI layout here. */
    void push(Path layout, String tag, String nameAndTag, String... options) throws IOException {
        String[] command = Stream.of(
                        Stream.of("skopeo", "copy", "--quiet", "--dest-tls-verify=false"),
                        Stream.of(options),
                        Stream.of("oci:" + layout + ":" + tag, "docker://" + host() + "/" + nameAndTag))
                .flatMap(s -> s)
                .toArray(String[]::new);
        Tools.run(directory, command);
    }

    /** Copies an image with its layers compressed anew; the repository must not have them already. */
    void pushZstd(Path layout, String tag, String nameAndTag) throws IOException {
        String plain = "dir:" + directory.resolve("decompressed");
        Tools.run(directory, "skopeo", "copy", "--quiet", "--dest-decompress", "oci:" + layout + ":" + tag, plain);
        String target = "docker://" + host() + "/" + nameAndTag;
        Tools.run(
                directory,
                "skopeo",
                "copy",
                "--quiet",
                "--dest-tls-verify=false",
                "--dest-compress-format",
                "zstd",
                plain,
                target);
    }

    /** The registry's own file of a blob. */
    Path blob(String digest) {
        String hex = digest.substring("sha256:".length());
        return directory.resolve(
                "registry/docker/registry/v2/blobs/sha256/" + hex.substring(0, 2) + "/" + hex + "/data");
    }

    @Override
    public void close() {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitReady() throws IOException {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (true) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > deadline || !process.isAlive()) {
                    throw e;
                }
                Thread.onSpinWait();
            }
        }
    }
}
