package cloud.ignition.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** ARCHITECTURE.md's code map names exactly the packages there are. */
class CodeMapTest {
    private static final Path ROOT = root();
    private static final Pattern ENTRY = Pattern.compile("^- `([a-z0-9.]+)`");
    private static final List<String> MODULES = List.of("linux", "vmm", "oci", "daemon", "cli");

    @Test
    void theMapEqualsThePackages() throws IOException {
        Set<String> packages = new TreeSet<>();
        for (String module : MODULES) {
            packages.addAll(packagesOf(module));
        }
        assertThat(mapped()).isEqualTo(packages);
    }

    @Test
    void vmmDoesNotKnowPolicysWords() throws IOException {
        Pattern words = Pattern.compile("\\b(app|apps|application|route|idle)\\b", Pattern.CASE_INSENSITIVE);
        try (Stream<Path> files = Files.walk(ROOT.resolve("vmm/src/main/java"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                Matcher found = words.matcher(Files.readString(file));
                assertThat(found.find())
                        .as("%s holds a word of the daemon's policy", file)
                        .isFalse();
            }
        }
    }

    private static Set<String> packagesOf(String module) throws IOException {
        Path sources = ROOT.resolve(module).resolve("src/main/java");
        try (Stream<Path> files = Files.walk(sources)) {
            return files.filter(f -> f.toString().endsWith(".java"))
                    .filter(f -> !f.getParent().equals(sources))
                    .map(f -> sources.relativize(f.getParent()).toString().replace('/', '.'))
                    .map(name -> name.substring("cloud.ignition.".length()))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static Set<String> mapped() throws IOException {
        return Files.readAllLines(ROOT.resolve("ARCHITECTURE.md")).stream()
                .map(ENTRY::matcher)
                .filter(Matcher::find)
                .map(m -> m.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Path root() {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.exists(at.resolve("ARCHITECTURE.md")) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }
}
