package cloud.ignition.oci.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random layers merged by us, and by a model so naive that it is a flat map of paths. */
class MergePropertyTest {
    private static final String DIRECTORY = "directory";
    private static final String[] ACTIONS = {"file", "file", "directory", "link", "whiteout", "opaque"};

    /** What a random entry does. */
    record Step(String what, String path, String target) {}

    /** Path to {@link #DIRECTORY} or the name of its content. */
    private static final class Model {
        private final SortedMap<String, String> tree = new TreeMap<>();

        /** Applies a layer, and writes those of its entries that make sense as an archive. */
        byte[] apply(int number, List<Step> steps) {
            for (Step step : steps) {
                if (step.what.equals("whiteout")) {
                    removeTree(step.path);
                } else if (step.what.equals("opaque") && DIRECTORY.equals(tree.get(step.path))) {
                    tree.keySet().removeIf(path -> path.startsWith(step.path + "/"));
                }
            }
            TarBytes tar = new TarBytes();
            for (int i = 0; i < steps.size(); i++) {
                apply(steps.get(i), "content " + number + "." + i, tar);
            }
            return tar.done();
        }

        private void apply(Step step, String content, TarBytes tar) {
            String path = step.path;
            int slash = path.lastIndexOf('/');
            switch (step.what) {
                case "whiteout" -> tar.whiteout(path.substring(0, slash + 1) + ".wh." + path.substring(slash + 1));
                case "opaque" -> tar.whiteout(path + "/.wh..wh..opq");
                case "directory" -> {
                    parents(path + "/");
                    tar.dir(path + "/");
                }
                case "file" -> {
                    set(path, content);
                    tar.file(path, content);
                }
                case "link" -> {
                    @Nullable String target = tree.get(step.target);
                    if (target != null && !target.equals(DIRECTORY)) {
                        set(path, target);
                        tar.link(path, step.target);
                    }
                }
                default -> throw new IllegalArgumentException(step.what);
            }
        }

        private void set(String path, String content) {
            parents(path);
            removeTree(path);
            tree.put(path, content);
        }

        private void parents(String path) {
            for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
                tree.put(path.substring(0, slash), DIRECTORY);
            }
        }

        private void removeTree(String path) {
            tree.keySet().removeIf(other -> other.equals(path) || other.startsWith(path + "/"));
        }
    }

    @Test
    void mergedTreeEqualsTheModel() throws IOException {
        for (long seed = 0; seed < 2000; seed++) {
            mergedTreeEqualsTheModel(seed, image(new Random(seed)));
        }
    }

    private static void mergedTreeEqualsTheModel(long seed, List<List<Step>> image) throws IOException {
        Model model = new Model();
        MergedTree tree = new MergedTree(new Budget());
        List<List<TarEntry>> entries = new ArrayList<>();
        for (int i = 0; i < image.size(); i++) {
            entries.add(read(model.apply(i, image.get(i))));
            List<Change> changes = new ArrayList<>();
            for (TarEntry entry : entries.get(i)) {
                changes.add(Change.of(entry, changes.size()));
            }
            tree.apply(i, changes);
        }

        SortedMap<String, String> merged = new TreeMap<>();
        tree.walk(new MergedTree.Visitor() {
            @Override
            public void directory(String path, @Nullable TarEntry attributes) {
                merged.put(path, DIRECTORY);
            }

            @Override
            public void leaf(String path, Node.Leaf leaf) {
                // The owner carries the content's name through the headers, see read().
                merged.put(path, entries.get(leaf.layer).get(leaf.ordinal).link());
            }
        });
        merged.remove("");

        assertThat(merged).as("seed %d: %s", seed, image).isEqualTo(model.tree);
    }

    @Test
    void rootImageHoldsWhatTheModelSays() throws IOException {
        for (long seed = 0; seed < 40; seed++) {
            rootImageHoldsWhatTheModelSays(seed, image(new Random(seed)));
        }
    }

    private static void rootImageHoldsWhatTheModelSays(long seed, List<List<Step>> image) throws IOException {
        Path directory = Files.createTempDirectory("merge");
        try {
            Model model = new Model();
            List<Layer> layers = new ArrayList<>();
            for (int i = 0; i < image.size(); i++) {
                layers.add(RootImages.gzip(directory, model.apply(i, image.get(i))));
            }
            Path unpacked = directory.resolve("unpacked");
            RootImages.build(directory, layers).unpack(unpacked);

            assertThat(read(unpacked)).as("seed %d: %s", seed, image).isEqualTo(model.tree);
        } finally {
            delete(directory);
        }
    }

    private static List<List<Step>> image(Random random) {
        List<List<Step>> layers = new ArrayList<>();
        for (int layer = random.nextInt(4); layer >= 0; layer--) {
            List<Step> steps = new ArrayList<>();
            for (int step = random.nextInt(9); step > 0; step--) {
                steps.add(new Step(ACTIONS[random.nextInt(ACTIONS.length)], path(random), path(random)));
            }
            layers.add(steps);
        }
        return layers;
    }

    private static String path(Random random) {
        List<String> components = new ArrayList<>();
        for (int depth = random.nextInt(3); depth >= 0; depth--) {
            components.add(String.valueOf((char) ('a' + random.nextInt(3))));
        }
        return String.join("/", components);
    }

    /** The entries with their content as the link field, which files have no other use for. */
    private static List<TarEntry> read(byte[] tar) throws IOException {
        List<TarEntry> entries = new ArrayList<>();
        TarReader reader = new TarReader(new java.io.ByteArrayInputStream(tar));
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            byte[] content = new byte[(int) entry.size()];
            for (int at = 0; at < content.length; ) {
                at += reader.read(content, at, content.length - at);
            }
            String link = entry.type() == TarEntry.Type.FILE
                    ? new String(content, java.nio.charset.StandardCharsets.ISO_8859_1)
                    : entry.link();
            entries.add(new TarEntry(
                    entry.type(),
                    entry.name(),
                    link,
                    entry.mode(),
                    entry.uid(),
                    entry.gid(),
                    entry.mtime(),
                    entry.size(),
                    entry.major(),
                    entry.minor(),
                    entry.xattrs()));
        }
        return entries;
    }

    private static SortedMap<String, String> read(Path root) throws IOException {
        SortedMap<String, String> tree = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.toList()) {
                boolean directory = Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
                tree.put(root.relativize(path).toString(), directory ? DIRECTORY : Files.readString(path));
            }
        }
        tree.keySet().removeAll(List.of("", "proc", "sys", "dev", "tmp", "etc"));
        return tree;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
