package cloud.ignition.oci.registry;

import static cloud.ignition.oci.registry.FakeRegistry.endless;
import static cloud.ignition.oci.registry.FakeRegistry.ok;
import static cloud.ignition.oci.registry.FakeRegistry.redirect;
import static cloud.ignition.oci.registry.FakeRegistry.status;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a registry that lies, fails or stalls gets out of the client. */
class HostileRegistryTest {
    private static final byte[] CONFIG = "{}".getBytes(UTF_8);
    private static final byte[] LAYER = "layer ".repeat(50_000).getBytes(UTF_8);

    @TempDir
    Path home;

    private FakeRegistry registry;
    private RegistryClient client;
    private Descriptor layer;

    @BeforeEach
    void start() throws IOException {
        registry = new FakeRegistry();
        registry.manifest("now", MediaTypes.OCI_MANIFEST, FakeRegistry.imageManifest(CONFIG, List.of(LAYER)));
        registry.blob(LAYER);
        layer = new Descriptor("application/vnd.oci.image.layer.v1.tar", Digest.of(LAYER), LAYER.length);
        client = new RegistryClient(new Credentials(home.resolve("config.json")), Map.of(), Duration.ofMillis(400));
    }

    @AfterEach
    void stop() {
        client.close();
        registry.close();
    }

    @Test
    void manifestWithAnotherDigestIsRefused() {
        Digest wanted = Digest.of("something else".getBytes(UTF_8));
        registry.on("/v2/team/web/manifests/" + wanted, ok(MediaTypes.OCI_MANIFEST, "{}".getBytes(UTF_8)));

        refused(ImageException.Kind.REFUSED, () -> client.manifest(registry.reference("team/web@" + wanted)))
                .hasMessageContaining("sent a manifest with the digest sha256:")
                .hasMessageContaining(wanted.toString());
    }

    @Test
    void endlessManifestIsCutOff() {
        registry.on("/v2/team/web/manifests/endless", endless(MediaTypes.OCI_MANIFEST));

        refused(ImageException.Kind.REFUSED, () -> client.manifest(registry.reference("team/web:endless")))
                .hasMessageContaining("larger than the limit of " + Limits.MAX_MANIFEST_BYTES);
    }

    @Test
    void endlessBlobIsCutOff() {
        registry.on("/v2/team/web/blobs/" + layer.digest(), endless("application/octet-stream"));

        refused(ImageException.Kind.REFUSED, () -> download())
                .hasMessageContaining("sends more than the " + LAYER.length + " bytes its manifest announces");
    }

    @Test
    void blobWithAnotherDigestIsRefusedAtOnce() {
        byte[] other = LAYER.clone();
        other[7] ^= 1;
        registry.on("/v2/team/web/blobs/" + layer.digest(), ok("application/octet-stream", other));

        refused(ImageException.Kind.REFUSED, () -> download()).hasMessageContaining("sends content with the digest");
        assertThat(registry.requests).hasSize(1);
    }

    @Test
    void cutOffBlobIsTriedAgainFromTheStart() throws IOException {
        AtomicInteger attempts = new AtomicInteger();
        registry.on("/v2/team/web/blobs/" + layer.digest(), exchange -> {
            exchange.sendResponseHeaders(200, LAYER.length);
            boolean cut = attempts.incrementAndGet() < 3;
            exchange.getResponseBody().write(LAYER, 0, cut ? LAYER.length / 2 : LAYER.length);
        });

        assertThat(download()).isEqualTo(LAYER);
        assertThat(attempts).hasValue(3);
    }

    @Test
    void failingRegistryIsAskedABoundedNumberOfTimes() {
        registry.on("/v2/team/web/manifests/now", status(503));

        refused(ImageException.Kind.UNREACHABLE, () -> client.manifest(registry.reference("team/web:now")))
                .hasMessageContaining("answers HTTP 503; try later");
        assertThat(registry.requests).hasSize(Limits.MAX_ATTEMPTS);
    }

    @Test
    void stalledBodyEndsByTheClock() {
        CountDownLatch never = new CountDownLatch(1);
        registry.on("/v2/team/web/blobs/" + layer.digest(), exchange -> {
            exchange.sendResponseHeaders(200, LAYER.length);
            exchange.getResponseBody().write(LAYER, 0, 1000);
            exchange.getResponseBody().flush();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });

        refused(ImageException.Kind.UNREACHABLE, () -> download()).hasMessageContaining("no data for too long");
    }

    @Test
    void redirectToStorageDoesNotCarryTheToken() throws IOException {
        try (FakeRegistry storage = new FakeRegistry()) {
            bearer("secret");
            storage.on("/stored?sig=1", ok("application/octet-stream", LAYER));
            registry.on("/v2/team/web/blobs/" + layer.digest(), exchange -> {
                boolean known =
                        "Bearer secret".equals(exchange.getRequestHeaders().getFirst("Authorization"));
                (known ? redirect("http://" + storage.host() + "/stored?sig=1") : unauthorized()).send(exchange);
            });

            assertThat(download()).isEqualTo(LAYER);
            assertThat(storage.requests).containsExactly("/stored?sig=1");
        }
    }

    @Test
    void redirectsAreBoundedAndKeptAwayFromPlainHttp() {
        String path = "/v2/team/web/blobs/" + layer.digest();
        registry.on(path, redirect(path));
        refused(ImageException.Kind.REFUSED, () -> download()).hasMessageContaining("redirects more than 5 times");

        registry.on(path, redirect("http://192.0.2.1/stolen"));
        refused(ImageException.Kind.REFUSED, () -> download())
                .hasMessageContaining("redirects to 'http://192.0.2.1/stolen', which is not allowed");

        registry.on(path, redirect("file:///etc/passwd"));
        refused(ImageException.Kind.REFUSED, () -> download()).hasMessageContaining("which is not allowed");
    }

    @Test
    void anonymousTokenIsFetchedForTheScopeAndReused() throws IOException {
        bearer("open");
        registry.on("/v2/team/web/blobs/" + layer.digest(), exchange -> {
            boolean known = "Bearer open".equals(exchange.getRequestHeaders().getFirst("Authorization"));
            (known ? ok("application/octet-stream", LAYER) : unauthorized()).send(exchange);
        });

        assertThat(download()).isEqualTo(LAYER);
        assertThat(download()).isEqualTo(LAYER);
        assertThat(registry.requests)
                .filteredOn(r -> r.startsWith("/token"))
                .containsExactly("/token?scope=repository%3Ateam%2Fweb%3Apull&service=here");
    }

    @Test
    void userAndPasswordComeFromTheCredentialsFile() throws IOException {
        String auth = Base64.getEncoder().encodeToString("me:pass".getBytes(UTF_8));
        Files.writeString(home.resolve("config.json"), """
                {"auths":{"http://%s/v2/":{"auth":"%s"}}}""".formatted(registry.host(), auth));
        registry.on("/v2/team/web/blobs/" + layer.digest(), exchange -> {
            if (("Basic " + auth).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                ok("application/octet-stream", LAYER).send(exchange);
            } else {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"here\"");
                exchange.sendResponseHeaders(401, -1);
            }
        });

        assertThat(download()).isEqualTo(LAYER);
    }

    @Test
    void deniedAccessIsSaidWithoutCredentials() {
        registry.on("/v2/team/web/manifests/now", exchange -> {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"here\"");
            exchange.sendResponseHeaders(401, -1);
        });
        refused(ImageException.Kind.DENIED, () -> client.manifest(registry.reference("team/web:now")))
                .hasMessageContaining("wants credentials for team/web; check the name, or log in");

        registry.on("/v2/team/web/manifests/now", status(403));
        refused(ImageException.Kind.DENIED, () -> client.manifest(registry.reference("team/web:now")))
                .hasMessageContaining("denies access to team/web (HTTP 403)");
    }

    @Test
    void manifestsThatLieAreRefused() {
        String good = FakeRegistry.imageManifest(CONFIG, List.of(LAYER));
        refuseManifest(good.replace("image.layer.v1.tar", "image.layer.v1.tar+evil"), "unsupported type");
        refuseManifest(good.replace("image.config.v1", "artifact.v1"), "is not a container image");
        refuseManifest(good.replace("sha256:", "sha256:../"), "is not 64 lower-case hexadecimal digits");
        refuseManifest(good.replace("\"size\":" + LAYER.length, "\"size\":-1"), "'size' is not a size");
        refuseManifest(good.replace("\"size\":" + LAYER.length, "\"size\":99999999999999"), "the limit is");
        refuseManifest(good.replace("\"layers\":[", "\"layers\":\"x\",\"layers2\":["), "'layers' is not of type array");
        refuseManifest("[".repeat(5000), "is not valid JSON");
        refuseManifest("{\"schemaVersion\":2,\"schemaVersion\":2}", "is not valid JSON");
        String many = FakeRegistry.imageManifest(CONFIG, java.util.Collections.nCopies(Limits.MAX_LAYERS + 1, LAYER));
        refuseManifest(many, "layers; the limit is " + Limits.MAX_LAYERS);
    }

    @Test
    void oldManifestFormatIsNamed() {
        registry.manifest("old", "application/vnd.docker.distribution.manifest.v1+prettyjws", "{\"schemaVersion\":1}");

        refused(ImageException.Kind.REFUSED, () -> client.manifest(registry.reference("team/web:old")))
                .hasMessageContaining("unsupported manifest type 'application/vnd.docker.distribution.manifest.v1");
    }

    @Test
    void indexThatLeadsToAnotherDigestIsRefused() {
        Digest wrong = Digest.of("wrong".getBytes(UTF_8));
        registry.manifest("multi", MediaTypes.OCI_INDEX, """
                {"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"%s","size":2,
                 "platform":{"os":"linux","architecture":"amd64"}}]}""".formatted(MediaTypes.OCI_MANIFEST, wrong));
        registry.on("/v2/team/web/manifests/" + wrong, ok(MediaTypes.OCI_MANIFEST, "{}".getBytes(UTF_8)));

        refused(ImageException.Kind.REFUSED, () -> client.manifest(registry.reference("team/web:multi")))
                .hasMessageContaining("sent a manifest with the digest");
    }

    @Test
    void otherHostServesARegistryByConfiguration() {
        ImageReference reference = ImageReference.parse("registry.example/team/web:now");
        try (RegistryClient mirrored = new RegistryClient(
                new Credentials(home.resolve("none")), Map.of("registry.example", registry.host()))) {
            assertThat(mirrored.manifest(reference).layers()).containsExactly(layer);
        }
    }

    private void refuseManifest(String json, String why) {
        registry.manifest("bad", MediaTypes.OCI_MANIFEST, json);
        refused(ImageException.Kind.REFUSED, () -> client.manifest(registry.reference("team/web:bad")))
                .hasMessageContaining(why);
    }

    private void bearer(String token) {
        registry.on(
                "/token?scope=repository%3Ateam%2Fweb%3Apull&service=here",
                ok("application/json", ("{\"token\":\"" + token + "\"}").getBytes(UTF_8)));
    }

    private FakeRegistry.Answer unauthorized() {
        return exchange -> {
            exchange.getResponseHeaders()
                    .set("WWW-Authenticate", "Bearer realm=\"http://" + registry.host() + "/token\",service=\"here\"");
            exchange.sendResponseHeaders(401, -1);
        };
    }

    private byte[] download() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        client.blob(registry.reference("team/web:now"), layer, new RegistryClient.Sink() {
            @Override
            public void accept(byte[] bytes, int count) {
                out.write(bytes, 0, count);
            }

            @Override
            public void restart() {
                out.reset();
            }
        });
        return out.toByteArray();
    }

    private static org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> refused(
            ImageException.Kind kind, ThrowingCallable call) {
        return assertThatThrownBy(call).isInstanceOfSatisfying(ImageException.class, e -> {
            assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind);
            assertThat(e.getMessage()).doesNotContain("\n");
        });
    }
}
