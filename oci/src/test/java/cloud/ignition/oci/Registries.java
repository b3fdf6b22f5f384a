package cloud.ignition.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;

/** What skopeo of bookworm cannot do with a registry: push an index; and looking into manifests. */
final class Registries {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";

    private Registries() {}

    /** Pushes an index in which the tag's manifest is of that architecture, among others; gives that one's digest. */
    static String pushIndex(TestRegistry registry, String name, String tag, String indexTag, String architecture)
            throws IOException, InterruptedException {
        String manifest = manifest(registry, name, tag);
        String digest = Digest.of(manifest.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .toString();
        String index = """
                {"schemaVersion":2,"mediaType":"%s","manifests":[
                 {"mediaType":"%s","digest":"%s","size":%d,"platform":{"os":"linux","architecture":"arm64"}},
                 {"mediaType":"%s","digest":"%s","size":%d,"platform":{"os":"unknown","architecture":"unknown"}},
                 {"mediaType":"%s","digest":"%s","size":%d,"platform":{"os":"linux","architecture":"%s"}}]}
                """.formatted(
                        INDEX,
                        MANIFEST,
                        digest,
                        manifest.length(),
                        MANIFEST,
                        digest,
                        manifest.length(),
                        MANIFEST,
                        digest,
                        manifest.length(),
                        architecture);
        HttpRequest put = HttpRequest.newBuilder(
                        URI.create("http://" + registry.host() + "/v2/" + name + "/manifests/" + indexTag))
                .header("Content-Type", INDEX)
                .PUT(HttpRequest.BodyPublishers.ofString(index))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(put, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 201) {
                throw new AssertionError(answer.statusCode() + " " + answer.body());
            }
        }
        return digest;
    }

    /** Digests of a tag's layers. */
    static List<String> layers(TestRegistry registry, String name, String tag) throws IOException {
        List<String> layers = new ArrayList<>();
        for (JsonNode layer :
                new ObjectMapper().readTree(manifest(registry, name, tag)).get("layers")) {
            layers.add(layer.get("digest").textValue());
        }
        return layers;
    }

    private static String manifest(TestRegistry registry, String name, String tag) throws IOException {
        HttpRequest get = HttpRequest.newBuilder(
                        URI.create("http://" + registry.host() + "/v2/" + name + "/manifests/" + tag))
                .header("Accept", MANIFEST)
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(get, HttpResponse.BodyHandlers.ofString()).body();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
