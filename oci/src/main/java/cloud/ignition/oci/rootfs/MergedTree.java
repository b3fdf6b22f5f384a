package cloud.ignition.oci.rootfs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file tree that results from the layers, lowest first. Per layer, whiteouts take effect before anything else, as
 * they speak of the layers below only, wherever they stand in the archive; then the entries in their order, the last of
 * a name winning. Symbolic links are never followed: an entry below one replaces it by a directory.
 */
final class MergedTree {
    private final Node.Directory root = new Node.Directory();
    private final Budget budget;

    MergedTree(Budget budget) {
        this.budget = budget;
    }

    /** Gets every node of the finished tree, parents first, children in byte order. */
    interface Visitor {
        /** A directory; the path has no leading or trailing slash and is empty for the root. */
        void directory(String path, @Nullable TarEntry attributes);

        /** Called once for each name of a leaf. */
        void leaf(String path, Node.Leaf leaf);
    }

    /**
     * Applies one layer.
     *
     * @throws TarException when a hard link has no file to link to
     */
    void apply(int layer, List<Change> changes) {
        for (Change change : changes) {
            switch (change.kind()) {
                case WHITEOUT -> remove(change.path());
                case OPAQUE -> clear(change.path());
                default -> {}
            }
        }
        for (Change change : changes) {
            switch (change.kind()) {
                case DIRECTORY -> directory(change.path()).attributes = change.directory();
                case HARD_LINK -> link(change.path(), change.target());
                case LEAF -> put(change.path(), new Node.Leaf(layer, change.ordinal()));
                case WHITEOUT, OPAQUE, NOTHING -> {}
            }
        }
    }

    /** Makes sure there is a real directory at the path, for something to be mounted on. */
    void ensureDirectory(String path, TarEntry attributes) {
        Node.Directory directory = directory(path);
        if (directory.attributes == null) {
            directory.attributes = attributes;
        }
    }

    /** Whether anything, of whatever type, is at the path. */
    boolean exists(String path) {
        return find(path) != null;
    }

    /** Walks the tree. */
    void walk(Visitor visitor) {
        walk("", root, visitor);
    }

    private static void walk(String path, Node.Directory directory, Visitor visitor) {
        visitor.directory(path, directory.attributes);
        directory.children.forEach((name, node) -> {
            String child = path.isEmpty() ? name : path + "/" + name;
            switch (node) {
                case Node.Directory below -> walk(child, below, visitor);
                case Node.Leaf leaf -> visitor.leaf(child, leaf);
            }
        });
    }

    private void remove(String path) {
        if (find(LayerPath.parent(path)) instanceof Node.Directory parent) {
            parent.children.remove(LayerPath.name(path));
        }
    }

    private void clear(String path) {
        if (find(path) instanceof Node.Directory directory) {
            directory.children.clear();
        }
    }

    private void link(String path, String target) {
        if (!(find(target) instanceof Node.Leaf leaf)) {
            throw new TarException("the hard link '" + path + "' leads to '" + target + "', which is no file");
        }
        put(path, leaf);
    }

    private void put(String path, Node.Leaf leaf) {
        budget.addNode();
        directory(LayerPath.parent(path)).children.put(LayerPath.name(path), leaf);
    }

    /** The directory at the path; whatever else is in its way is replaced. */
    private Node.Directory directory(String path) {
        Node.Directory directory = root;
        for (int start = 0; start < path.length(); ) {
            int end = end(path, start);
            String name = path.substring(start, end);
            if (directory.children.get(name) instanceof Node.Directory below) {
                directory = below;
            } else {
                budget.addNode();
                Node.Directory made = new Node.Directory();
                directory.children.put(name, made);
                directory = made;
            }
            start = end + 1;
        }
        return directory;
    }

    private @Nullable Node find(String path) {
        Node node = root;
        for (int start = 0; start < path.length(); ) {
            int end = end(path, start);
            if (!(node instanceof Node.Directory directory)) {
                return null;
            }
            Node below = directory.children.get(path.substring(start, end));
            if (below == null) {
                return null;
            }
            node = below;
            start = end + 1;
        }
        return node;
    }

    private static int end(String path, int start) {
        int slash = path.indexOf('/', start);
        return slash < 0 ? path.length() : slash;
    }
}
