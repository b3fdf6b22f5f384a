package cloud.ignition.oci.rootfs;

import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A node of the merged tree. Nothing in it holds content: that stays in the layers. */
sealed interface Node {

    /** A directory; its attributes come from the topmost layer that has an entry for it. */
    final class Directory implements Node {
        /** The attributes, or null when no layer has an entry for it and it only exists as a parent. */
        @Nullable
        TarEntry attributes;

        /** Name to node, in byte order. */
        final SortedMap<String, Node> children = new TreeMap<>();
    }

    /**
     * Anything else, as an inode: hard links are several names with one Leaf, which survives as long as one of them.
     */
    final class Leaf implements Node {
        /** The layer its content and attributes are in, from 0 for the lowest. */
        final int layer;
        /** Its entry's place in that layer. */
        final int ordinal;
        /** The name that carries the content; the others link to it. Empty until the tree is complete. */
        String path = "";

        Leaf(int layer, int ordinal) {
            this.layer = layer;
            this.ordinal = ordinal;
        }
    }
}
