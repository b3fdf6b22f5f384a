package cloud.ignition.oci.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Answers a registry's challenge: basic with the user's credentials, or bearer with a token from the realm it names
 * (distribution's "Token Authentication Specification"), anonymous when there are no credentials.
 */
final class TokenSource {
    private final Http http;
    private final Credentials credentials;

    TokenSource(Http http, Credentials credentials) {
        this.http = http;
        this.credentials = credentials;
    }

    /**
     * The {@code Authorization} header that answers a 401.
     *
     * @throws ImageException of kind DENIED when there is none to give
     */
    String authorization(
            HttpResponse<InputStream> unauthorized, Endpoint endpoint, ImageReference reference, String what)
            throws Transient {
        for (String header : unauthorized.headers().allValues("WWW-Authenticate")) {
            Challenge challenge = Challenge.parse(header).orElse(new Challenge("", Map.of()));
            Optional<String> basic = credentials.basic(reference.registry());
            if (challenge.scheme().equals("bearer")) {
                return "Bearer " + token(challenge, endpoint, reference, basic, what);
            }
            if (challenge.scheme().equals("basic") && basic.isPresent()) {
                return "Basic " + basic.get();
            }
        }
        throw denied(reference, "wants credentials for " + reference.repository());
    }

    private String token(
            Challenge challenge, Endpoint endpoint, ImageReference reference, Optional<String> basic, String what)
            throws Transient {
        URI realm = realm(challenge, endpoint, reference);
        Map<String, String> headers = new HashMap<>();
        basic.ifPresent(b -> headers.put("Authorization", "Basic " + b));
        HttpResponse<InputStream> answer = http.get(realm, headers, "token service of " + what);
        try (InputStream body = answer.body()) {
            byte[] bytes = body.readNBytes(Limits.MAX_TOKEN_BYTES + 1);
            if (answer.statusCode() / 100 == 5 || answer.statusCode() == 429) {
                throw new Transient(new ImageException(
                        ImageException.Kind.UNREACHABLE,
                        "token service of " + what + " answers HTTP " + answer.statusCode() + "; try later"));
            }
            if (answer.statusCode() != 200 || bytes.length > Limits.MAX_TOKEN_BYTES) {
                throw denied(reference, "gives no token for " + reference.repository());
            }
            JsonNode node = Json.object(bytes, "token answer of " + what);
            String token = Json.text(node, "token");
            token = token.isEmpty() ? Json.text(node, "access_token") : token;
            if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
                throw denied(reference, "gives no usable token for " + reference.repository());
            }
            return token;
        } catch (IOException e) {
            throw new Transient(new ImageException(
                    ImageException.Kind.UNREACHABLE, "cannot read from token service of " + what, e));
        }
    }

    private static URI realm(Challenge challenge, Endpoint endpoint, ImageReference reference) {
        String scope = challenge.parameters().getOrDefault("scope", "repository:" + reference.repository() + ":pull");
        StringBuilder address = new StringBuilder(challenge.parameters().getOrDefault("realm", ""));
        address.append(address.indexOf("?") < 0 ? '?' : '&');
        address.append("scope=").append(URLEncoder.encode(scope, UTF_8));
        Optional.ofNullable(challenge.parameters().get("service"))
                .ifPresent(service -> address.append("&service=").append(URLEncoder.encode(service, UTF_8)));
        try {
            URI realm = new URI(address.toString());
            String base = endpoint.base().getHost();
            boolean registryIsHere = base != null && Endpoint.isLoopback(base);
            if (Endpoint.isAllowed(realm) && (registryIsHere || !Endpoint.isLoopback(realm.getHost()))) {
                return realm;
            }
        } catch (java.net.URISyntaxException e) {
            // Told below.
        }
        throw denied(reference, "names a token service that is not allowed: '" + address + "'");
    }

    private static ImageException denied(ImageReference reference, String why) {
        return new ImageException(
                ImageException.Kind.DENIED,
                "registry " + reference.registry() + " " + why + "; check the name, or log in to the registry");
    }
}
