package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The pull half of the OCI distribution specification. Everything a registry sends is bounded, and nothing is handed out
 * that does not match its digest. Safe for use by several threads.
 */
public final class RegistryClient implements AutoCloseable {
    private static final String DIGEST_SEPARATOR = "@";

    private final Http http;
    private final TokenSource tokens;
    private final Map<String, String> endpoints;
    /** The Authorization header that worked last, by registry and repository. */
    private final Map<String, String> authorizations = new ConcurrentHashMap<>();

    /**
     * A client with the usual time limits.
     *
     * @param credentials where user names and passwords come from
     * @param endpoints registry name to the host that really serves it, for mirrors
     */
    public RegistryClient(Credentials credentials, Map<String, String> endpoints) {
        this(credentials, endpoints, Duration.ofSeconds(Limits.STALL_SECONDS));
    }

    RegistryClient(Credentials credentials, Map<String, String> endpoints, Duration stall) {
        this.http = new Http(stall);
        this.tokens = new TokenSource(http, credentials);
        this.endpoints = Map.copyOf(endpoints);
    }

    /** Takes bytes as they arrive. */
    public interface Sink {
        /** Takes a piece; the array is reused after the call. */
        void accept(byte[] bytes, int count) throws IOException;

        /** An attempt begins: what was taken before is void. */
        void restart() throws IOException;
    }

    /**
     * The manifest of this machine's platform.
     *
     * @throws ImageException of kind NOT_FOUND, DENIED, UNREACHABLE or REFUSED
     */
    public Manifest manifest(ImageReference reference) {
        ImageReference current = reference;
        for (int depth = 0; depth <= Limits.MAX_INDEX_DEPTH; depth++) {
            Document document = document(current);
            if (MediaTypes.isManifest(document.mediaType())) {
                return Manifest.read(document);
            }
            if (!MediaTypes.isIndex(document.mediaType())) {
                throw new ImageException(
                        ImageException.Kind.REFUSED,
                        reference + " is of the unsupported manifest type '" + document.mediaType()
                                + "'; push it with a current tool");
            }
            JsonNode index = Json.object(document.bytes(), "index of " + reference);
            Descriptor chosen = Platform.choose(index, reference.toString());
            current = reference.withDigest(chosen.digest());
        }
        throw new ImageException(
                ImageException.Kind.REFUSED,
                reference + " nests its indexes deeper than the limit of " + Limits.MAX_INDEX_DEPTH);
    }

    /**
     * Streams a blob; returns normally only when size and digest were right.
     *
     * @throws ImageException when the registry fails, or sends something else; the sink's bytes are void then
     * @throws IOException from the sink
     */
    public void blob(ImageReference image, Descriptor blob, Sink sink) throws IOException {
        try {
            Transient.retry(() -> {
                try {
                    sink.restart();
                    new BlobDownload(blob, what(image, "blob " + blob.digest())).run(open(image, blob), sink);
                    return true;
                } catch (IOException e) {
                    throw new SinkFailed(e);
                }
            });
        } catch (SinkFailed e) {
            throw e.cause;
        }
    }

    @Override
    public void close() {
        http.close();
    }

    /** Carries the sink's failure through the retries. */
    private static final class SinkFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final IOException cause;

        SinkFailed(IOException cause) {
            super(cause);
            this.cause = cause;
        }
    }

    private Document document(ImageReference reference) {
        return Transient.retry(() -> {
            String what = what(reference, "image " + reference);
            HttpResponse<InputStream> answer = get(
                    reference,
                    "manifests/" + reference.manifestSelector(),
                    Map.of("Accept", MediaTypes.acceptManifest()),
                    what);
            try (InputStream body = answer.body()) {
                expectSuccess(answer, reference, what);
                byte[] bytes = body.readNBytes(Limits.MAX_MANIFEST_BYTES + 1);
                if (bytes.length > Limits.MAX_MANIFEST_BYTES) {
                    throw new ImageException(
                            ImageException.Kind.REFUSED,
                            "the manifest of " + reference + " is larger than the limit of " + Limits.MAX_MANIFEST_BYTES
                                    + " bytes");
                }
                Digest digest = Digest.of(bytes);
                if (reference.digest().isPresent() && !reference.digest().get().equals(digest)) {
                    throw new ImageException(
                            ImageException.Kind.REFUSED,
                            "registry " + reference.registry() + " sent a manifest with the digest " + digest + " for "
                                    + reference.name() + DIGEST_SEPARATOR
                                    + reference.digest().get());
                }
                return new Document(mediaType(answer, bytes, reference), bytes);
            } catch (IOException e) {
                throw new Transient(new ImageException(
                        ImageException.Kind.UNREACHABLE, "cannot read from " + what + ": " + e.getMessage(), e));
            }
        });
    }

    /** The document's own word counts before the header's: it is what the digest covers. */
    private static String mediaType(HttpResponse<InputStream> answer, byte[] bytes, ImageReference reference) {
        String own = Json.text(Json.object(bytes, "manifest of " + reference), "mediaType");
        if (!own.isEmpty()) {
            return own;
        }
        String header = answer.headers().firstValue("Content-Type").orElse("");
        int semicolon = header.indexOf(';');
        return (semicolon < 0 ? header : header.substring(0, semicolon)).strip();
    }

    private HttpResponse<InputStream> open(ImageReference image, Descriptor blob) throws Transient {
        String what = what(image, "blob " + blob.digest());
        HttpResponse<InputStream> answer = get(image, "blobs/" + blob.digest(), Map.of(), what);
        boolean handedOut = false;
        try {
            expectSuccess(answer, image, what);
            handedOut = true;
            return answer;
        } finally {
            if (!handedOut) {
                closeQuietly(answer);
            }
        }
    }

    private HttpResponse<InputStream> get(
            ImageReference reference, String path, Map<String, String> headers, String what) throws Transient {
        String registry = reference.registry();
        Endpoint endpoint = Endpoint.of(endpoints.getOrDefault(registry, registry));
        URI uri = endpoint.resolve("/v2/" + reference.repository() + "/" + path);
        String scope = reference.name();
        HttpResponse<InputStream> answer = follow(endpoint, uri, headers, authorizations.get(scope), what);
        if (answer.statusCode() != 401) {
            return answer;
        }
        closeQuietly(answer);
        String authorization = tokens.authorization(answer, endpoint, reference, what);
        authorizations.put(scope, authorization);
        return follow(endpoint, uri, headers, authorization, what);
    }

    private HttpResponse<InputStream> follow(
            Endpoint endpoint, URI start, Map<String, String> headers, @Nullable String authorization, String what)
            throws Transient {
        URI uri = start;
        for (int i = 0; i <= Limits.MAX_REDIRECTS; i++) {
            Map<String, String> all = new HashMap<>(headers);
            // Storage behind a redirect has its own signature in the address, and no business with our token.
            if (authorization != null && endpoint.owns(uri)) {
                all.put("Authorization", authorization);
            }
            HttpResponse<InputStream> answer = http.get(uri, all, what);
            String location = answer.headers().firstValue("Location").orElse("");
            if (answer.statusCode() / 100 != 3 || location.isEmpty()) {
                return answer;
            }
            closeQuietly(answer);
            uri = redirect(uri, location, what);
        }
        throw new ImageException(
                ImageException.Kind.REFUSED, what + " redirects more than " + Limits.MAX_REDIRECTS + " times");
    }

    private static URI redirect(URI from, String location, String what) {
        try {
            URI to = from.resolve(location);
            boolean fromHere = from.getHost() != null && Endpoint.isLoopback(from.getHost());
            // A remote registry must not make us ask services of this machine.
            if (Endpoint.isAllowed(to) && (fromHere || !Endpoint.isLoopback(to.getHost()))) {
                return to;
            }
        } catch (IllegalArgumentException e) {
            // Told below, with the location.
        }
        throw new ImageException(
                ImageException.Kind.REFUSED, what + " redirects to '" + location + "', which is not allowed");
    }

    private static void expectSuccess(HttpResponse<InputStream> answer, ImageReference reference, String what)
            throws Transient {
        int status = answer.statusCode();
        if (status == 200) {
            return;
        }
        if (status == 404) {
            throw new ImageException(ImageException.Kind.NOT_FOUND, notFound(reference, what));
        }
        if (status == 401 || status == 403) {
            throw new ImageException(
                    ImageException.Kind.DENIED,
                    "registry " + reference.registry() + " denies access to " + reference.repository() + " (HTTP "
                            + status + "); check the name, or log in to the registry");
        }
        ImageException failure =
                new ImageException(ImageException.Kind.UNREACHABLE, what + " answers HTTP " + status + "; try later");
        if (status == 429 || status >= 500) {
            throw new Transient(failure);
        }
        throw failure;
    }

    private static String notFound(ImageReference reference, String what) {
        if (what.contains("blob ")) {
            return what + " does not have it although its manifest names it; push the image again";
        }
        return "no such image " + reference.repository()
                + reference.digest().map(d -> DIGEST_SEPARATOR + d).orElse(":" + reference.manifestSelector())
                + " on " + reference.registry() + "; check name and tag";
    }

    private String what(ImageReference reference, String thing) {
        String mirror = endpoints.get(reference.registry());
        return "registry " + reference.registry() + (mirror == null ? "" : " at " + mirror) + " for " + thing;
    }

    private static void closeQuietly(HttpResponse<InputStream> answer) {
        try {
            answer.body().close();
        } catch (IOException e) {
            // The answer was of no interest any more.
            return;
        }
    }
}
