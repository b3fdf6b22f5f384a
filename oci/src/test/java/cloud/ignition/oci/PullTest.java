package cloud.ignition.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole way with real parts: umoci makes images, skopeo pushes them, Debian's docker-registry serves them. */
class PullTest {
    @TempDir
    static Path shared;

    static Path layout;
    static TestRegistry registry;
    static TestRegistry other;

    @TempDir
    Path state;

    @BeforeAll
    static void start() throws IOException {
        layout = TestImage.make(shared);
        registry = TestRegistry.start(shared);
        registry.push(layout, "latest", "team/web:gzip");
        // skopeo would reuse the gzip blobs it knows to be in the first one.
        other = TestRegistry.start(Files.createDirectory(shared.resolve("other")));
        other.pushZstd(layout, "latest", "team/web:zstd");
        registry.push(layout, "latest", "team/web:docker", "--format", "v2s2");
    }

    @AfterAll
    static void stop() {
        registry.close();
        other.close();
    }

    @Test
    void ociImageBecomesARootImageAndAConfiguration() throws IOException {
        try (ImageStore store = ImageStore.open(state)) {
            Image image = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);

            assertThat(list(image))
                    .contains("squashfs-root/bin/server", "squashfs-root/srv/index.html", "squashfs-root/proc")
                    .doesNotContain("squashfs-root/etc/removed");
            assertThat(Tools.run(
                            state,
                            "rdsquashfs",
                            "--cat",
                            "srv/index.html",
                            image.rootImage().toString()))
                    .isEqualTo("hello");
            assertThat(image.sizeBytes()).isEqualTo(Files.size(image.rootImage()));
            RuntimeConfig config = image.config();
            assertThat(config.entrypoint()).containsExactly("/bin/server");
            assertThat(config.cmd()).containsExactly("--verbose");
            assertThat(config.env()).containsExactly("PATH=/bin");
            assertThat(config.workingDir()).isEqualTo("/srv");
            assertThat(config.user()).isEqualTo("www:www");
            assertThat(config.exposedPorts()).containsExactly("8080/tcp");
            assertThat(config.stopSignal()).isEqualTo(3);
            assertThat(config.labels()).containsEntry("a", "b");
            assertThat(store.list()).containsExactly(image);
            assertThat(store.find(image.reference())).contains(image);
        }
    }

    @Test
    void zstdLayersAndDockerMediaTypesGiveTheSameImage() throws IOException {
        assertThat(manifest(other, "team/web:zstd")).contains("tar+zstd");
        assertThat(manifest(registry, "team/web:docker")).contains("application/vnd.docker.image.rootfs.diff.tar.gzip");
        try (ImageStore store = ImageStore.open(state)) {
            Path gzip = store.pull(registry.reference("team/web:gzip"), PullListener.NONE)
                    .rootImage();
            Path zstd = store.pull(other.reference("team/web:zstd"), PullListener.NONE)
                    .rootImage();
            Path docker = store.pull(registry.reference("team/web:docker"), PullListener.NONE)
                    .rootImage();

            // The same uncompressed layers: one root image serves all three.
            assertThat(zstd).isEqualTo(gzip);
            assertThat(docker).isEqualTo(gzip);
            assertThat(store.list()).hasSize(3);
        }
    }

    @Test
    void indexIsResolvedToThisMachinesPlatform() throws IOException, InterruptedException {
        String amd64 = Registries.pushIndex(registry, "team/web", "gzip", "multi", "amd64");
        Registries.pushIndex(registry, "team/web", "gzip", "foreign", "riscv64");
        try (ImageStore store = ImageStore.open(state)) {
            Image image = store.pull(registry.reference("team/web:multi"), PullListener.NONE);

            assertThat(image.manifestDigest()).isEqualTo(amd64);
            assertThatThrownBy(() -> store.pull(registry.reference("team/web:foreign"), PullListener.NONE))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining("has no variant for linux/amd64, only for: linux/arm64, linux/riscv64");
        }
    }

    @Test
    void secondPullDownloadsNothing() {
        try (ImageStore store = ImageStore.open(state)) {
            Image first = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);
            List<String> events = new CopyOnWriteArrayList<>();
            Image second = store.pull(registry.reference("team/web:gzip"), recorder(events));

            assertThat(second.manifestDigest()).isEqualTo(first.manifestDigest());
            assertThat(events).noneMatch(e -> e.startsWith("layer")).contains("root reused");
            store.pull(registry.reference("team/web:docker"), recorder(events));
            assertThat(events).contains("layer reused").doesNotContain("layer downloaded");
        }
    }

    @Test
    void pullByDigestNeedsNoRegistryTheSecondTime() throws IOException {
        Image first;
        try (ImageStore store = ImageStore.open(state)) {
            first = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);
            ImageReference exact = first.reference().withDigest(Digest.parse(first.manifestDigest()));
            assertThat(store.pull(exact, PullListener.NONE).rootImage()).isEqualTo(first.rootImage());
            assertThat(store.pull(exact, PullListener.NONE).manifestDigest()).isEqualTo(first.manifestDigest());
        }
        try (ImageStore again = ImageStore.open(state)) {
            assertThat(again.find(first.reference())).map(Image::manifestDigest).contains(first.manifestDigest());
        }
    }

    @Test
    void concurrentPullsShareOneDownload() throws Exception {
        try (ImageStore store = ImageStore.open(state);
                ExecutorService callers = Executors.newFixedThreadPool(8)) {
            AtomicInteger builds = new AtomicInteger();
            PullListener counter = new PullListener() {
                @Override
                public void onRootImageStarted() {
                    builds.incrementAndGet();
                }
            };
            List<Future<Image>> pulls = new ArrayList<>();
            for (String tag : List.of("gzip", "docker", "gzip", "docker", "gzip", "docker", "gzip", "docker")) {
                boolean first = pulls.size() < 2;
                pulls.add(callers.submit(
                        () -> store.pull(registry.reference("team/web:" + tag), first ? counter : PullListener.NONE)));
            }
            for (Future<Image> pull : pulls) {
                assertThat(pull.get().rootImage()).isEqualTo(pulls.get(0).get().rootImage());
            }

            assertThat(builds.get()).isEqualTo(1);
            try (Stream<Path> roots = Files.list(state.resolve("images/roots"))) {
                assertThat(roots).hasSize(1);
            }
        }
    }

    @Test
    void removeKeepsWhatOthersShare() throws IOException {
        try (ImageStore store = ImageStore.open(state)) {
            Image gzip = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);
            Image zstd = store.pull(other.reference("team/web:zstd"), PullListener.NONE);
            long all = files("images/blobs/sha256");
            store.remove(gzip.reference());

            assertThat(zstd.rootImage()).exists();
            assertThat(files("images/blobs/sha256")).isLessThan(all).isPositive();
            store.remove(zstd.reference());
            assertThat(zstd.rootImage()).doesNotExist();
            assertThat(files("images/blobs/sha256")).isZero();
            assertThatThrownBy(() -> store.remove(zstd.reference()))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining("no image " + zstd.reference() + " here");
        }
    }

    @Test
    void movedTagKeepsTheOldImageByItsDigest() throws IOException {
        registry.push(layout, "latest", "team/moving:now");
        try (ImageStore store = ImageStore.open(state)) {
            Image before = store.pull(registry.reference("team/moving:now"), PullListener.NONE);
            registry.push(layout, "latest", "team/moving:now", "--format", "v2s2");
            Image after = store.pull(registry.reference("team/moving:now"), PullListener.NONE);
            store.collectGarbage();

            assertThat(after.manifestDigest()).isNotEqualTo(before.manifestDigest());
            assertThat(store.list())
                    .extracting(image -> image.reference().toString())
                    .containsExactlyInAnyOrder(
                            registry.host() + "/team/moving:now",
                            registry.host() + "/team/moving@" + before.manifestDigest());
        }
    }

    @Test
    void corruptedBlobIsRefusedAndNeverVisible() throws IOException {
        try (TestRegistry broken = TestRegistry.start(Files.createDirectory(state.resolve("other")))) {
            broken.push(layout, "latest", "team/broken:now");
            String layer = Registries.layers(broken, "team/broken", "now").getFirst();
            byte[] bytes = Files.readAllBytes(broken.blob(layer));
            bytes[bytes.length / 2] ^= 1;
            Files.write(broken.blob(layer), bytes);
            try (ImageStore store = ImageStore.open(state)) {
                assertThatThrownBy(() -> store.pull(broken.reference("team/broken:now"), PullListener.NONE))
                        .isInstanceOf(ImageException.class)
                        .hasMessageContaining(layer)
                        .hasMessageContaining("damaged or manipulated")
                        .extracting(e -> ((ImageException) e).kind())
                        .isEqualTo(ImageException.Kind.REFUSED);
                assertThat(state.resolve("images/blobs/sha256/" + layer.substring(7)))
                        .doesNotExist();
                assertThat(store.list()).isEmpty();
                assertThat(files("images/tmp")).isZero();
            }
        }
    }

    @Test
    void blobThatTheDiskChangedIsFetchedAgain() throws IOException {
        try (ImageStore store = ImageStore.open(state)) {
            Image image = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);
            String layer = Registries.layers(registry, "team/web", "gzip").getFirst();
            Path blob = state.resolve("images/blobs/sha256/" + layer.substring(7));
            byte[] bytes = Files.readAllBytes(blob);
            bytes[bytes.length / 2] ^= 1;
            Files.write(blob, bytes);
            Files.delete(image.rootImage());

            Image again = store.pull(registry.reference("team/web:gzip"), PullListener.NONE);

            assertThat(again.rootImage()).exists();
            assertThat(Digest.of(Files.readAllBytes(blob)).toString()).isEqualTo(layer);
        }
    }

    @Test
    void unknownImageAndUnreachableRegistryAreToldInOneLine() throws IOException {
        int closed = TestRegistry.freePort();
        try (ImageStore store = ImageStore.open(state)) {
            assertThatThrownBy(() -> store.pull(registry.reference("team/web:nope"), PullListener.NONE))
                    .isInstanceOf(ImageException.class)
                    .hasMessage("no such image team/web:nope on " + registry.host() + "; check name and tag");
            assertThatThrownBy(() -> store.pull(registry.reference("nothing/here"), PullListener.NONE))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining("no such image nothing/here:latest");
            assertThatThrownBy(
                            () -> store.pull(ImageReference.parse("127.0.0.1:" + closed + "/nginx"), PullListener.NONE))
                    .isInstanceOf(ImageException.class)
                    .hasMessageStartingWith("cannot reach registry 127.0.0.1:" + closed)
                    .hasMessageEndingWith("connection refused; is it running?");
        }
    }

    @Test
    void leftoversOfAKilledProcessVanishAtTheNextStart() throws IOException {
        ImageStore.open(state).close();
        Files.writeString(state.resolve("images/tmp/blob-left"), "half", StandardOpenOption.CREATE_NEW);

        try (ImageStore store = ImageStore.open(state)) {
            assertThat(store.list()).isEmpty();
            assertThat(files("images/tmp")).isZero();
        }
    }

    @Test
    void storeIsForOneAtATime() {
        ImageStore store = ImageStore.open(state);
        try {
            assertThatThrownBy(() -> ImageStore.open(state))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining("is in use by another process");
        } finally {
            store.close();
        }
        ImageStore.open(state).close();
    }

    private long files(String directory) throws IOException {
        try (Stream<Path> files = Files.list(state.resolve(directory))) {
            return files.count();
        }
    }

    private List<String> list(Image image) throws IOException {
        return Tools.run(state, "unsquashfs", "-ls", image.rootImage().toString())
                .lines()
                .toList();
    }

    private static String manifest(TestRegistry registry, String nameAndTag) throws IOException {
        return Tools.run(
                shared,
                "skopeo",
                "inspect",
                "--raw",
                "--tls-verify=false",
                "docker://" + registry.host() + "/" + nameAndTag);
    }

    private static PullListener recorder(List<String> events) {
        return new PullListener() {
            @Override
            public void onLayerDone(String layerDigest, boolean reused) {
                events.add(reused ? "layer reused" : "layer downloaded");
            }

            @Override
            public void onRootImageDone(long sizeBytes, boolean reused) {
                events.add(reused ? "root reused" : "root built");
            }
        };
    }
}
