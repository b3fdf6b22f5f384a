package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.Limits;
import cloud.ignition.oci.PullListener;
import cloud.ignition.oci.registry.Descriptor;
import cloud.ignition.oci.registry.ImageConfig;
import cloud.ignition.oci.registry.Manifest;
import cloud.ignition.oci.registry.RegistryClient;
import cloud.ignition.oci.rootfs.Layer;
import cloud.ignition.oci.rootfs.RootImageBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One reference to one root image: resolve, download what is missing, verify, merge, record. */
public final class Puller {
    private final StoreLayout layout;
    private final RecordStore records;
    private final Garbage garbage;
    private final RegistryClient registry;
    private final Downloads downloads;
    private final RootImageBuilder builder;
    private final Clock clock;
    private final BlobStore blobs;
    private final SingleFlight<Digest, Long> builds = new SingleFlight<>();

    /** Wires the parts; none of them is closed here. */
    public Puller(
            StoreLayout layout,
            RecordStore records,
            Garbage garbage,
            RegistryClient registry,
            RootImageBuilder builder,
            Clock clock) {
        this.layout = layout;
        this.records = records;
        this.garbage = garbage;
        this.registry = registry;
        this.builder = builder;
        this.clock = clock;
        this.blobs = new BlobStore(layout);
        this.downloads = new Downloads(registry, blobs);
    }

    /**
     * Pulls. Cancelled by interrupting the thread.
     *
     * @throws ImageException for whatever goes wrong
     */
    public ImageRecord pull(ImageReference reference, PullListener listener) {
        Optional<ImageRecord> known = records.find(reference);
        // A digest cannot come to mean something else.
        if (known.isPresent() && reference.digest().isPresent()) {
            return known.get();
        }
        Manifest manifest = registry.manifest(reference);
        listener.onResolved(manifest.digest().toString(), manifest.layers().size(), manifest.layerBytes());
        if (known.isPresent() && known.get().manifest().equals(manifest.digest())) {
            listener.onRootImageDone(known.get().rootBytes(), true);
            return record(known.get(), reference);
        }
        List<Digest> used = new ArrayList<>();
        used.add(manifest.digest());
        used.add(manifest.config().digest());
        manifest.layers().forEach(layer -> used.add(layer.digest()));
        Garbage.Pin pin = garbage.pin(used);
        try {
            return fetch(reference, manifest, listener);
        } finally {
            pin.close();
        }
    }

    private ImageRecord fetch(ImageReference reference, Manifest manifest, PullListener listener) {
        checkSpace(manifest);
        blobs.put(manifest.digest(), manifest.bytes());
        downloads.fetch(reference, manifest.config(), PullListener.NONE);
        ImageConfig config = ImageConfig.read(
                blobs.read(manifest.config().digest(), Limits.MAX_CONFIG_BYTES),
                manifest.layers().size());
        downloads.fetchAll(reference, manifest.layers(), listener);
        List<Layer> layers = layers(manifest, config);
        Digest key = RootImageBuilder.key(layers);
        Garbage.Pin pin = garbage.pin(List.of(key));
        try {
            long bytes = rootOfSoundLayers(key, layers, reference, manifest, listener);
            List<Digest> digests =
                    manifest.layers().stream().map(Descriptor::digest).toList();
            ImageRecord fetched = new ImageRecord(
                    reference,
                    manifest.digest(),
                    manifest.config().digest(),
                    digests,
                    key,
                    bytes,
                    clock.instant(),
                    config.runtime());
            return record(fetched, reference);
        } finally {
            pin.close();
        }
    }

    /** When layers are refused that were fine when they came, the disk may have changed them since: get those anew. */
    private long rootOfSoundLayers(
            Digest key, List<Layer> layers, ImageReference reference, Manifest manifest, PullListener listener) {
        try {
            return root(key, layers, listener);
        } catch (ImageException e) {
            if (e.kind() != ImageException.Kind.REFUSED || !dropDamaged(manifest)) {
                throw e;
            }
        }
        downloads.fetchAll(reference, manifest.layers(), listener);
        return root(key, layers, listener);
    }

    private List<Layer> layers(Manifest manifest, ImageConfig config) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < manifest.layers().size(); i++) {
            Descriptor layer = manifest.layers().get(i);
            layers.add(new Layer(layer.digest(), config.diffIds().get(i), layer.size(), blobs.path(layer.digest())));
        }
        return layers;
    }

    private long root(Digest key, List<Layer> layers, PullListener listener) {
        boolean[] built = {false};
        long bytes = builds.run(key, () -> {
            Path target = layout.root(key);
            try {
                if (!Files.exists(target)) {
                    built[0] = true;
                    listener.onRootImageStarted();
                    build(layers, target);
                }
                return Files.size(target);
            } catch (IOException e) {
                throw new ImageException(
                        ImageException.Kind.HOST,
                        "cannot store root image " + target + ": " + StoreLayout.reason(e)
                                + "; free some space or check permissions",
                        e);
            }
        });
        listener.onRootImageDone(bytes, !built[0]);
        return bytes;
    }

    private void build(List<Layer> layers, Path target) throws IOException {
        Path temporary = layout.temporary("root");
        try {
            builder.build(layers, temporary);
            AtomicFile.syncAndPublish(temporary, target);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private boolean dropDamaged(Manifest manifest) {
        boolean dropped = false;
        for (Descriptor layer : manifest.layers()) {
            dropped |= blobs.dropIfDamaged(layer.digest());
        }
        return dropped;
    }

    private ImageRecord record(ImageRecord record, ImageReference reference) {
        ImageRecord now = new ImageRecord(
                reference,
                record.manifest(),
                record.config(),
                record.layers(),
                record.root(),
                record.rootBytes(),
                clock.instant(),
                record.runtime());
        records.put(now);
        return now;
    }

    private void checkSpace(Manifest manifest) {
        long missing = manifest.layers().stream()
                .filter(layer -> !blobs.has(layer.digest(), layer.size()))
                .mapToLong(Descriptor::size)
                .sum();
        try {
            // The root image comes on top; compressed anew it is about as large as the layers.
            long needed = missing + manifest.layerBytes();
            long free = Files.getFileStore(layout.base()).getUsableSpace();
            if (needed > free) {
                throw new ImageException(
                        ImageException.Kind.HOST,
                        "the image needs about " + (needed >> 20) + " MiB in " + layout.base() + ", but only "
                                + (free >> 20) + " MiB are free; free some space");
            }
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot use " + layout.base() + ": " + StoreLayout.reason(e), e);
        }
    }
}
