package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.Limits;
import cloud.ignition.oci.PullListener;
import cloud.ignition.oci.registry.Descriptor;
import cloud.ignition.oci.registry.RegistryClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Gets blobs into the store, several at once, each only once however many pulls want it. */
final class Downloads {
    private static final long PROGRESS_BYTES = 512 << 10;

    private final RegistryClient registry;
    private final BlobStore blobs;
    private final SingleFlight<Digest, Boolean> flights = new SingleFlight<>();

    Downloads(RegistryClient registry, BlobStore blobs) {
        this.registry = registry;
        this.blobs = blobs;
    }

    /** Gets all of them; the first failure ends the others. */
    void fetchAll(ImageReference image, List<Descriptor> layers, PullListener listener) {
        // Platform threads: hashing keeps a processor busy, and would keep a virtual thread's carrier from everybody.
        ExecutorService workers = Executors.newFixedThreadPool(
                Limits.PARALLEL_DOWNLOADS,
                Thread.ofPlatform().daemon().name("image download").factory());
        try {
            List<Future<?>> running = new ArrayList<>();
            for (Descriptor layer : new LinkedHashSet<>(layers)) {
                running.add(workers.submit(() -> fetch(image, layer, listener)));
            }
            for (Future<?> download : running) {
                download.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            workers.shutdownNow();
            // Interrupted workers end at their next piece; waiting keeps temporary files from outliving the pull.
            workers.close();
        }
    }

    /** Gets one, if the store has not got it. */
    void fetch(ImageReference image, Descriptor blob, PullListener listener) {
        String name = blob.digest().toString();
        boolean reused = true;
        if (!blobs.has(blob.digest(), blob.size())) {
            reused = flights.run(blob.digest(), () -> download(image, blob, listener));
        }
        listener.onLayerProgress(name, blob.size(), blob.size());
        listener.onLayerDone(name, reused);
    }

    private boolean download(ImageReference image, Descriptor blob, PullListener listener) {
        // Another flight may have landed between the look and this one's start.
        if (blobs.has(blob.digest(), blob.size())) {
            return true;
        }
        try (BlobStore.Incoming incoming = blobs.begin(blob.digest())) {
            registry.blob(image, blob, new RegistryClient.Sink() {
                private long done;
                private long told;

                @Override
                public void accept(byte[] bytes, int count) {
                    incoming.write(bytes, count);
                    done += count;
                    if (done - told >= PROGRESS_BYTES) {
                        told = done;
                        listener.onLayerProgress(blob.digest().toString(), done, blob.size());
                    }
                }

                @Override
                public void restart() {
                    incoming.restart();
                    done = 0;
                    told = 0;
                    listener.onLayerProgress(blob.digest().toString(), 0, blob.size());
                }
            });
            incoming.commit();
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
