package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Deletes blobs and root images that no record names. A pull pins what it is about to use before it looks whether that
 * exists, so nothing vanishes between the look and the record.
 */
public final class Garbage {
    private final StoreLayout layout;
    private final RecordStore records;
    private final Map<Digest, Integer> pins = new HashMap<>();

    /** Collects what these records do not name. */
    public Garbage(StoreLayout layout, RecordStore records) {
        this.layout = layout;
        this.records = records;
    }

    /** Keeps things from being deleted until it is closed. */
    public interface Pin extends AutoCloseable {
        @Override
        void close();
    }

    /** Pins blobs and root images. */
    public Pin pin(Collection<Digest> digests) {
        List<Digest> pinned = List.copyOf(digests);
        synchronized (this) {
            pinned.forEach(digest -> pins.merge(digest, 1, Integer::sum));
        }
        return () -> {
            synchronized (this) {
                pinned.forEach(digest -> pins.computeIfPresent(digest, (key, count) -> count == 1 ? null : count - 1));
            }
        };
    }

    /**
     * Deletes what nobody needs.
     *
     * @return bytes freed
     */
    public synchronized long collect() {
        Set<Digest> needed = new HashSet<>(pins.keySet());
        for (ImageRecord record : records.list()) {
            needed.addAll(record.blobs());
            needed.add(record.root());
        }
        return sweep(layout.blobs(), needed) + sweep(layout.roots(), needed);
    }

    private static long sweep(List<Path> files, Set<Digest> needed) {
        long freed = 0;
        for (Path file : files) {
            if (needed.contains(StoreLayout.digestOf(file))) {
                continue;
            }
            try {
                long size = Files.size(file);
                Files.delete(file);
                freed += size;
            } catch (IOException e) {
                throw new ImageException(
                        ImageException.Kind.HOST, "cannot delete " + file + ": " + StoreLayout.reason(e), e);
            }
        }
        return freed;
    }
}
