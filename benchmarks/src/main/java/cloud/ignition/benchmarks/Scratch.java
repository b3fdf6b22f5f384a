package cloud.ignition.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** Temporary directories. */
final class Scratch {
    private Scratch() {}

    /** Removes a directory with all that is in it. */
    static void delete(Path directory) throws IOException {
        List<Path> found;
        try (var files = Files.walk(directory)) {
            found = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : found) {
            Files.delete(file);
        }
    }
}
