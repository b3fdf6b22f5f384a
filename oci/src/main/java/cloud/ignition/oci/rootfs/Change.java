package cloud.ignition.oci.rootfs;

import org.jspecify.annotations.Nullable;

/**
 * What one entry of a layer does to the tree below it (OCI image specification, "Image Layer Filesystem Changeset").
 *
 * @param kind what it does
 * @param ordinal the entry's place in the layer, from 0
 * @param path what it does it to, normalised
 * @param target normalised target of a hard link, else empty
 * @param directory the directory's attributes, for {@link Kind#DIRECTORY} only
 */
record Change(
        Kind kind,
        int ordinal,
        String path,
        String target,
        @Nullable TarEntry directory) {
    /** The four things an entry can be, and whiteouts. */
    enum Kind {
        /** {@code .wh.NAME}: NAME of the layers below is gone. */
        WHITEOUT,
        /** {@code .wh..wh..opq}: everything of the layers below in this directory is gone. */
        OPAQUE,
        /** aufs' bookkeeping, {@code .wh..wh.*}. */
        NOTHING,
        DIRECTORY,
        HARD_LINK,
        /** A file, symbolic link, device or fifo. */
        LEAF
    }

    private static final String WHITEOUT_PREFIX = ".wh.";
    private static final String AUFS_PREFIX = ".wh..wh.";
    private static final String OPAQUE_NAME = ".wh..wh..opq";

    /**
     * Reads an entry as a change.
     *
     * @param entry with checked attributes
     * @throws TarException when its path or its hard link's target is hostile
     */
    static Change of(TarEntry entry, int ordinal) {
        String path = LayerPath.normalise(entry.name());
        String parent = LayerPath.parent(path);
        String name = LayerPath.name(path);
        if (name.equals(OPAQUE_NAME) && !hidden(parent)) {
            return new Change(Kind.OPAQUE, ordinal, parent, "", null);
        }
        if (hidden(path)) {
            return new Change(Kind.NOTHING, ordinal, path, "", null);
        }
        if (name.startsWith(WHITEOUT_PREFIX)) {
            String gone = name.substring(WHITEOUT_PREFIX.length());
            if (gone.isEmpty() || gone.equals(".") || gone.equals("..")) {
                throw new TarException("the whiteout '" + path + "' names no file");
            }
            return new Change(Kind.WHITEOUT, ordinal, parent.isEmpty() ? gone : parent + "/" + gone, "", null);
        }
        if (path.isEmpty() && entry.type() != TarEntry.Type.DIRECTORY) {
            throw new TarException("the entry '" + entry.name() + "' replaces the root directory by a file");
        }
        return switch (entry.type()) {
            case DIRECTORY -> new Change(Kind.DIRECTORY, ordinal, path, "", entry);
            case HARD_LINK -> new Change(Kind.HARD_LINK, ordinal, path, LayerPath.normalise(entry.link()), null);
            default -> new Change(Kind.LEAF, ordinal, path, "", null);
        };
    }

    private static boolean hidden(String path) {
        if (path.indexOf(WHITEOUT_PREFIX) < 0) {
            return false;
        }
        String[] components = path.split("/", -1);
        for (int i = 0; i < components.length; i++) {
            if (components[i].startsWith(AUFS_PREFIX)) {
                return true;
            }
            if (i < components.length - 1 && components[i].startsWith(WHITEOUT_PREFIX)) {
                throw new TarException("the path '" + path + "' lies within a whiteout");
            }
        }
        return false;
    }
}
