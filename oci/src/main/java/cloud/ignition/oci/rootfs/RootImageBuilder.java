package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Merges layers into one root image without extracting anything onto the host: the first pass reads every layer, checks
 * it and learns which entry wins each name; the second streams the winners into the image writer. Memory is bounded by
 * the number of entries, never by content. The same layers always give the same image.
 */
public final class RootImageBuilder {
    private static final int COPY_BUFFER = 128 << 10;
    private static final int DEFAULT_DIRECTORY_MODE = 0755;

    private final String tool;

    /** Builds with the tar2sqfs on the PATH. */
    public RootImageBuilder() {
        this(ImageWriter.TOOL);
    }

    /** Builds with another executable, for tests. */
    RootImageBuilder(String tool) {
        this.tool = tool;
    }

    /** A name for the image these layers give: the same layers, the same name; another recipe, another name. */
    public static Digest key(List<Layer> layers) {
        StringBuilder recipe = new StringBuilder("ignition root image 1\n" + ImageWriter.RECIPE + "\n");
        layers.forEach(layer -> recipe.append(layer.diffId()).append('\n'));
        return Digest.of(recipe.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Writes the image.
     *
     * @param layers lowest first
     * @param output the file to write, which must not exist; it is incomplete when this throws
     * @throws ImageException when a layer is refused, the tool is missing or fails
     */
    public void build(List<Layer> layers, Path output) {
        Budget budget = new Budget();
        MergedTree tree = new MergedTree(budget);
        LayerIndexer indexer = new LayerIndexer(budget);
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            try {
                tree.apply(i, indexer.index(layer));
            } catch (TarException e) {
                throw refused(layer, e);
            } catch (IOException e) {
                throw damaged(layer, e);
            }
        }
        MountPoints.addTo(tree);
        try (ImageWriter writer = ImageWriter.start(tool, output)) {
            write(tree, layers, new TarWriter(writer.input()));
            writer.finish();
        } catch (IOException e) {
            throw new ImageException(ImageException.Kind.HOST, "cannot write " + output + ": " + e.getMessage(), e);
        }
    }

    private static void write(MergedTree tree, List<Layer> layers, TarWriter out) throws IOException {
        Collector collector = new Collector(layers.size(), out);
        tree.walk(collector);
        for (int i = 0; i < layers.size(); i++) {
            List<Node.Leaf> winners = collector.winners.get(i);
            winners.sort(Comparator.comparingInt(leaf -> leaf.ordinal));
            copy(layers.get(i), winners, out);
        }
        for (TarEntry link : collector.links) {
            out.begin(link);
        }
        out.finish();
    }

    /** Writes directories at once, and sorts everything else by the layer it has to be fetched from. */
    private static final class Collector implements MergedTree.Visitor {
        private final List<List<Node.Leaf>> winners = new ArrayList<>();
        private final List<TarEntry> links = new ArrayList<>();
        private final TarWriter out;

        Collector(int layers, TarWriter out) {
            for (int i = 0; i < layers; i++) {
                winners.add(new ArrayList<>());
            }
            this.out = out;
        }

        @Override
        public void directory(String path, @Nullable TarEntry attributes) {
            TarEntry entry = attributes == null ? MountPoints.attributes(DEFAULT_DIRECTORY_MODE) : attributes;
            try {
                out.begin(entry.named("./" + path));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public void leaf(String path, Node.Leaf leaf) {
            if (leaf.path.isEmpty()) {
                leaf.path = path;
                winners.get(leaf.layer).add(leaf);
            } else {
                links.add(hardLink("./" + path, "./" + leaf.path));
            }
        }

        private static TarEntry hardLink(String path, String target) {
            TarEntry plain = MountPoints.attributes(0644);
            return new TarEntry(TarEntry.Type.HARD_LINK, path, target, 0644, 0, 0, 0, 0, 0, 0, plain.xattrs());
        }
    }

    private static void copy(Layer layer, List<Node.Leaf> winners, TarWriter out) throws IOException {
        if (winners.isEmpty()) {
            return;
        }
        byte[] buffer = new byte[COPY_BUFFER];
        try (InputStream in = LayerStream.open(layer)) {
            TarReader tar = new TarReader(in);
            int ordinal = 0;
            for (Node.Leaf winner : winners) {
                TarEntry entry = next(tar, layer);
                for (; ordinal < winner.ordinal; ordinal++) {
                    entry = next(tar, layer);
                }
                ordinal++;
                Interrupts.check();
                TarEntry clean = EntryCheck.clean(entry).named("./" + winner.path);
                out.begin(clean);
                for (int n = tar.read(buffer, 0, buffer.length); n >= 0; n = tar.read(buffer, 0, buffer.length)) {
                    out.content().write(buffer, 0, n);
                }
                out.endContent(clean.size());
            }
        } catch (TarException e) {
            throw refused(layer, e);
        }
    }

    private static TarEntry next(TarReader tar, Layer layer) throws IOException {
        TarEntry entry = tar.next();
        if (entry == null) {
            throw new ImageException(
                    ImageException.Kind.HOST, "layer " + layer.digest() + " changed on disk while it was read");
        }
        return entry;
    }

    private static ImageException refused(Layer layer, TarException e) {
        return new ImageException(
                ImageException.Kind.REFUSED, "layer " + layer.digest() + " is refused: " + e.getMessage(), e);
    }

    private static ImageException damaged(Layer layer, IOException e) {
        return new ImageException(
                ImageException.Kind.REFUSED,
                "layer " + layer.digest() + " is damaged: " + e.getMessage() + "; build and push the image again",
                e);
    }
}
