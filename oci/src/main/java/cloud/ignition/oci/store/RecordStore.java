package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The image records: one JSON file per reference, named by the reference's hash. A damaged one counts as absent. */
public final class RecordStore {
    private static final System.Logger LOG = System.getLogger(RecordStore.class.getName());
    private static final long MAX_RECORD_BYTES = 16 << 20;

    private final StoreLayout layout;

    /** Uses the layout's directories. */
    public RecordStore(StoreLayout layout) {
        this.layout = layout;
    }

    /** The record of a reference, if its root image is there too. */
    public Optional<ImageRecord> find(ImageReference reference) {
        return read(path(reference)).filter(r -> r.reference().equals(reference) && hasRoot(r));
    }

    /** All records, by reference. */
    public List<ImageRecord> list() {
        List<ImageRecord> records = new ArrayList<>();
        for (Path file : layout.records()) {
            read(file).ifPresent(records::add);
        }
        records.sort(Comparator.comparing(r -> r.reference().toString()));
        return records;
    }

    /**
     * Stores a record. An image that had the reference before stays, under its digest: something may still run from it.
     */
    public synchronized void put(ImageRecord record) {
        Optional<ImageRecord> before = find(record.reference());
        if (before.isPresent() && !before.get().manifest().equals(record.manifest())) {
            write(before.get().filedByDigest());
        }
        write(record);
    }

    /** Forgets a reference; false when it was not known. */
    public synchronized boolean remove(ImageReference reference) {
        Path file = path(reference);
        try {
            if (!Files.deleteIfExists(file)) {
                return false;
            }
            AtomicFile.syncDirectory(file);
            return true;
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST, "cannot remove " + file + ": " + StoreLayout.reason(e), e);
        }
    }

    private void write(ImageRecord record) {
        Path file = path(record.reference());
        try {
            AtomicFile.write(layout.temporary("record"), file, record.toJson());
        } catch (IOException e) {
            throw new ImageException(
                    ImageException.Kind.HOST,
                    "cannot write " + file + ": " + StoreLayout.reason(e) + "; free some space or check permissions",
                    e);
        }
    }

    private boolean hasRoot(ImageRecord record) {
        try {
            return Files.size(layout.root(record.root())) == record.rootBytes();
        } catch (IOException e) {
            return false;
        }
    }

    private Path path(ImageReference reference) {
        return layout.record(Digest.of(reference.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static Optional<ImageRecord> read(Path file) {
        try {
            if (Files.size(file) > MAX_RECORD_BYTES) {
                throw new ImageException(ImageException.Kind.HOST, file + " is too large for an image record");
            }
            return Optional.of(ImageRecord.fromJson(Files.readAllBytes(file), "image record " + file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | ImageException e) {
            LOG.log(System.Logger.Level.WARNING, "ignoring a damaged image record: {0}", e.getMessage());
            return Optional.empty();
        }
    }
}
