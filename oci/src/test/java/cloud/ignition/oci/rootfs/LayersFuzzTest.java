package cloud.ignition.oci.rootfs;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided target: any bytes as an image's layers, tar archives one behind the other. What is merged of them is
 * written as one archive, whose names must be what an image writer can trust. {@code make fuzz} looks for new inputs,
 * every run of the tests repeats those that are kept.
 */
public class LayersFuzzTest {
    private static final Path CORPUS = Path.of("src/test/resources/corpus/layers");
    private static final int MOST_LAYERS = 4;

    /** @param input the layers, lowest first */
    public static void fuzzerTestOneInput(byte[] input) throws IOException {
        Budget budget = new Budget();
        MergedTree tree = new MergedTree(budget);
        List<List<TarEntry>> layers = new ArrayList<>();
        InputStream in = new ByteArrayInputStream(input);
        try {
            for (int i = 0; i < MOST_LAYERS && in.available() > 0; i++) {
                List<TarEntry> entries = entries(in);
                List<Change> changes = new ArrayList<>();
                for (TarEntry entry : entries) {
                    budget.addEntry(entry);
                    changes.add(Change.of(entry, changes.size()));
                }
                tree.apply(i, changes);
                layers.add(entries);
            }
        } catch (TarException | EOFException refused) {
            return;
        }
        MountPoints.addTo(tree);
        check(merged(tree, layers));
    }

    private static List<TarEntry> entries(InputStream in) throws IOException {
        TarReader tar = new TarReader(in);
        List<TarEntry> entries = new ArrayList<>();
        for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
            entries.add(EntryCheck.clean(entry));
        }
        return entries;
    }

    /** As the builder does it, but that files keep no content. */
    private static byte[] merged(MergedTree tree, List<List<TarEntry>> layers) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter out = new TarWriter(bytes);
        List<TarEntry> all = new ArrayList<>();
        tree.walk(new MergedTree.Visitor() {
            @Override
            public void directory(String path, @Nullable TarEntry attributes) {
                TarEntry entry = attributes == null ? MountPoints.attributes(0755) : attributes;
                all.add(entry.named("./" + path));
            }

            @Override
            public void leaf(String path, Node.Leaf leaf) {
                all.add(empty(layers.get(leaf.layer).get(leaf.ordinal)).named("./" + path));
            }
        });
        for (TarEntry entry : all) {
            out.begin(entry);
            out.endContent(0);
        }
        out.finish();
        return bytes.toByteArray();
    }

    private static TarEntry empty(TarEntry entry) {
        return new TarEntry(
                entry.type(),
                entry.name(),
                entry.link(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.mtime(),
                0,
                entry.major(),
                entry.minor(),
                entry.xattrs());
    }

    /** Every name is below the root, is there once, and comes after its directory. */
    private static void check(byte[] archive) throws IOException {
        TarReader tar = new TarReader(new ByteArrayInputStream(archive));
        Set<String> directories = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
            String name = entry.name().endsWith("/")
                    ? entry.name().substring(0, entry.name().length() - 1)
                    : entry.name();
            require(name.equals(".") || name.startsWith("./"), name);
            for (String component : name.substring(1).split("/", -1)) {
                require(!component.equals("..") && !component.equals("."), name);
                require(component.indexOf('\0') < 0 && component.length() <= 255, name);
            }
            require(names.add(name), name);
            require(name.equals(".") || directories.contains(name.substring(0, name.lastIndexOf('/'))), name);
            if (entry.type() == TarEntry.Type.DIRECTORY) {
                directories.add(name);
            }
        }
    }

    private static void require(boolean condition, String name) {
        if (!condition) {
            throw new AssertionError("the merged archive has '" + name + "'");
        }
    }

    static List<Path> kept() throws IOException {
        try (var files = Files.list(CORPUS)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("kept")
    void keptInputsStayHarmless(Path file) throws IOException {
        fuzzerTestOneInput(Files.readAllBytes(file));
    }
}
