package cloud.ignition.oci;

import cloud.ignition.oci.registry.Credentials;
import cloud.ignition.oci.registry.RegistryClient;
import cloud.ignition.oci.rootfs.RootImageBuilder;
import cloud.ignition.oci.store.Broadcast;
import cloud.ignition.oci.store.Garbage;
import cloud.ignition.oci.store.ImageRecord;
import cloud.ignition.oci.store.Puller;
import cloud.ignition.oci.store.RecordStore;
import cloud.ignition.oci.store.StoreLayout;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The images of this host: pulled from registries, verified, merged into root images, kept on disk below
 * {@code <state>/images}. One process at a time; safe for use by several threads. Crash-safe: whatever is visible is
 * complete.
 */
public final class ImageStore implements AutoCloseable {
    private final StoreLayout layout;
    private final RecordStore records;
    private final Garbage garbage;
    private final RegistryClient registry;
    private final Puller puller;
    private final Map<ImageReference, Flight> flights = new ConcurrentHashMap<>();

    private ImageStore(StoreLayout layout, RegistryClient registry) {
        this.layout = layout;
        this.registry = registry;
        this.records = new RecordStore(layout);
        this.garbage = new Garbage(layout, records);
        this.puller = new Puller(layout, records, garbage, registry, new RootImageBuilder(), Clock.systemUTC());
    }

    /**
     * Opens the store of a state directory, made when it is missing.
     *
     * @throws ImageException of kind HOST when it cannot be used, or another process uses it
     */
    public static ImageStore open(Path state) {
        return open(state, Map.of());
    }

    /**
     * Opens the store, with other hosts for some registries.
     *
     * @param state the state directory
     * @param endpoints registry name to the host (with optional port) that is asked for its images
     */
    public static ImageStore open(Path state, Map<String, String> endpoints) {
        StoreLayout layout = StoreLayout.open(state);
        return new ImageStore(layout, new RegistryClient(Credentials.ofUser(), endpoints));
    }

    /** One pull, for all who want the same reference. */
    private record Flight(FutureTask<ImageRecord> task, Thread thread, Broadcast listeners) {}

    /**
     * Asks the registry what the reference means now and gets whatever is missing. Concurrent calls for one reference
     * share one pull. An interrupt ends the caller's wait, not the pull.
     *
     * @throws ImageException for whatever goes wrong
     */
    public Image pull(ImageReference reference, PullListener listener) {
        Flight flight = flights.compute(reference, (key, running) -> {
            Flight joined = running == null ? start(key) : running;
            joined.listeners.add(listener);
            return joined;
        });
        try {
            return image(flight.task.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the wait for the pull was cancelled", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException unchecked -> throw unchecked;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /** The image as it was pulled last; nothing is asked over the network. */
    public Optional<Image> find(ImageReference reference) {
        return records.find(reference).map(this::image);
    }

    /** All images, by reference. One whose tag has moved on since is listed by its digest. */
    public List<Image> list() {
        return records.list().stream().map(this::image).toList();
    }

    /**
     * Forgets an image and deletes what no other image needs. Whoever uses its root image must have let go of it.
     *
     * @throws ImageException of kind NOT_FOUND when there is none of that reference
     */
    public void remove(ImageReference reference) {
        if (!records.remove(reference)) {
            throw new ImageException(
                    ImageException.Kind.NOT_FOUND, "no image " + reference + " here; list the images to see which are");
        }
        garbage.collect();
    }

    /**
     * Deletes what interrupted pulls left and no image needs.
     *
     * @return bytes freed
     */
    public long collectGarbage() {
        return garbage.collect();
    }

    /** Cancels running pulls, waits for them, and gives the store to others. */
    @Override
    public void close() {
        List<Thread> pulls = flights.values().stream().map(Flight::thread).toList();
        pulls.forEach(Thread::interrupt);
        registry.close();
        try {
            for (Thread pull : pulls) {
                pull.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        layout.close();
    }

    private Flight start(ImageReference reference) {
        Broadcast listeners = new Broadcast();
        FutureTask<ImageRecord> task = new FutureTask<>(() -> {
            try {
                return puller.pull(reference, listeners);
            } finally {
                // Before the result is known: whoever has seen it and asks again must get a fresh answer.
                flights.remove(reference);
            }
        });
        // A platform thread: unpacking and merging keep a processor busy for seconds.
        Thread thread =
                Thread.ofPlatform().daemon().name("image pull " + reference).start(task);
        return new Flight(task, thread, listeners);
    }

    private Image image(ImageRecord record) {
        return new Image(
                record.reference(),
                record.manifest().toString(),
                layout.root(record.root()),
                record.runtime(),
                record.rootBytes(),
                record.pulledAt());
    }
}
