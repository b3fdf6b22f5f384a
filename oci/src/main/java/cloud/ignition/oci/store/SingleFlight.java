package cloud.ignition.oci.store;

import cloud.ignition.oci.ImageException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * Does a thing once for all who want it at the same time: the first does it, the others wait and get the same result. When
 * the first fails, it may have been cancelled for reasons of its own, so one of the others tries again for the rest.
 *
 * @param <K> names the thing
 * @param <V> what doing it gives
 */
final class SingleFlight<K, V> {
    private final ConcurrentMap<K, CompletableFuture<V>> flights = new ConcurrentHashMap<>();

    /** Runs the work, or waits for the one that runs it. */
    V run(K key, Supplier<V> work) {
        CompletableFuture<V> mine = new CompletableFuture<>();
        CompletableFuture<V> running = flights.putIfAbsent(key, mine);
        if (running != null) {
            try {
                return get(running);
            } catch (ImageException e) {
                running = flights.putIfAbsent(key, mine);
                if (running != null) {
                    return get(running);
                }
            }
        }
        try {
            mine.complete(work.get());
        } catch (RuntimeException | Error e) {
            mine.completeExceptionally(e);
        } finally {
            flights.remove(key, mine);
        }
        return get(mine);
    }

    private static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException unchecked -> throw unchecked;
                case Error error -> throw error;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }
}
