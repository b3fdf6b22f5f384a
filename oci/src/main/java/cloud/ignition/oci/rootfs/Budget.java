package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Limits;
import java.util.Map;

/** What one image may still use of the limits that count over all its layers. */
final class Budget {
    private int entries;
    private int nodes;
    private long indexBytes;
    private long unpackedBytes;

    /** Counts an entry and what of it has to be held in memory. */
    void addEntry(TarEntry entry) {
        if (++entries > Limits.MAX_ENTRIES) {
            throw new TarException("the image has more than " + Limits.MAX_ENTRIES + " entries");
        }
        indexBytes += entry.name().length() + entry.link().length();
        for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
            indexBytes += xattr.getKey().length() + xattr.getValue().length;
        }
        if (indexBytes > Limits.MAX_INDEX_BYTES) {
            throw new TarException("names and attributes of the image's files are larger than the limit of "
                    + Limits.MAX_INDEX_BYTES + " bytes");
        }
    }

    /** Counts a node made in the merged tree: one deep path makes many. */
    void addNode() {
        if (++nodes > Limits.MAX_ENTRIES) {
            throw new TarException("the image has more than " + Limits.MAX_ENTRIES + " files and directories");
        }
    }

    /** Counts bytes that came out of a layer. */
    void addUnpacked(long bytes) {
        unpackedBytes += bytes;
        if (unpackedBytes > Limits.MAX_IMAGE_UNPACKED_BYTES) {
            throw new TarException(
                    "the unpacked image is larger than the limit of " + Limits.MAX_IMAGE_UNPACKED_BYTES + " bytes");
        }
    }
}
