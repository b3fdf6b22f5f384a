package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipException;

/** The first pass over a layer: checks all of it, and its diff id, and says what it changes. */
final class LayerIndexer {
    private final Budget budget;

    LayerIndexer(Budget budget) {
        this.budget = budget;
    }

    /**
     * Reads a whole layer.
     *
     * @throws TarException when it is malformed, hostile, beyond a limit or not what the configuration promised
     * @throws IOException when the blob cannot be read or its compression is damaged
     */
    List<Change> index(Layer layer) throws IOException {
        MessageDigest digest = Digest.newMessageDigest();
        List<Change> changes = new ArrayList<>();
        try (InputStream in = LayerStream.openChecked(layer, budget, digest)) {
            TarReader tar = new TarReader(in);
            int ordinal = 0;
            for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
                TarEntry clean = EntryCheck.clean(entry);
                budget.addEntry(clean);
                changes.add(Change.of(clean, ordinal++));
                Interrupts.check();
            }
            // What stands behind the archive's end counts for the digest.
            in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (ZipException e) {
            throw new TarException("its compression is damaged (" + e.getMessage() + ")");
        }
        Digest found = Digest.finish(digest);
        if (!found.equals(layer.diffId())) {
            throw new TarException(
                    "its content has the digest " + found + ", but the image's configuration says " + layer.diffId());
        }
        return changes;
    }
}
