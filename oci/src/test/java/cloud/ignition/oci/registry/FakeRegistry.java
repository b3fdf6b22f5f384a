package cloud.ignition.oci.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageReference;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A registry that can be told to misbehave; for what a real one would never send. */
public final class FakeRegistry implements AutoCloseable {
    /** What is sent for one path. */
    public interface Answer {
        /** Sends it; the exchange is closed afterwards. */
        void send(HttpExchange exchange) throws IOException;
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    /** Method, path and Authorization header of every request. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    /** Starts on a free loopback port. */
    public FakeRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** Host and port. */
    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** The reference of a name and tag here. */
    public ImageReference reference(String nameAndTag) {
        return ImageReference.parse(host() + "/" + nameAndTag);
    }

    /** Says what is sent for a path. */
    public void on(String path, Answer answer) {
        answers.put(path, answer);
    }

    /** Serves bytes as a blob of the repository {@code team/web}. */
    public Digest blob(byte[] bytes) {
        Digest digest = Digest.of(bytes);
        on("/v2/team/web/blobs/" + digest, ok("application/octet-stream", bytes));
        return digest;
    }

    /** Serves a manifest under a tag and its digest. */
    public Digest manifest(String tag, String mediaType, String json) {
        byte[] bytes = json.getBytes(UTF_8);
        Digest digest = Digest.of(bytes);
        on("/v2/team/web/manifests/" + tag, ok(mediaType, bytes));
        on("/v2/team/web/manifests/" + digest, ok(mediaType, bytes));
        return digest;
    }

    /** An OCI manifest of that configuration and those layers, as JSON. */
    public static String imageManifest(byte[] config, List<byte[]> layers) {
        StringBuilder json = new StringBuilder(
                """
                {"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[""".formatted(MediaTypes.OCI_MANIFEST, descriptor("application/vnd.oci.image.config.v1+json", config)));
        for (int i = 0; i < layers.size(); i++) {
            json.append(i == 0 ? "" : ",").append(descriptor("application/vnd.oci.image.layer.v1.tar", layers.get(i)));
        }
        return json.append("]}").toString();
    }

    private static String descriptor(String type, byte[] content) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
                .formatted(type, Digest.of(content), content.length);
    }

    static Answer ok(String type, byte[] body) {
        return exchange -> {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        };
    }

    static Answer status(int status) {
        return exchange -> exchange.sendResponseHeaders(status, -1);
    }

    static Answer redirect(String location) {
        return exchange -> {
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(307, -1);
        };
    }

    /** Sends without end. */
    static Answer endless(String type) {
        return exchange -> {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, 0);
            byte[] junk = "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa".repeat(1000).getBytes(UTF_8);
            OutputStream out = exchange.getResponseBody();
            while (true) {
                out.write(junk);
            }
        };
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    // Closing the exchange is what cuts a body off that promised more.
    private void handle(HttpExchange exchange) {
        try (exchange) {
            String path = exchange.getRequestURI().toString();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            requests.add(path + (authorization == null ? "" : " " + authorization));
            Answer answer = answers.get(path);
            (answer == null ? status(404) : answer).send(exchange);
        } catch (IOException e) {
            // The client went away, which is what it should do in many of these tests.
            requests.add("gone");
        }
    }
}
