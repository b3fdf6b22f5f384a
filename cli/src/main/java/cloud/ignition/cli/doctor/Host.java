package cloud.ignition.cli.doctor;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The host as the checks see it.
 *
 * @param root the root of the file system; another directory in tests
 * @param environment environment variables
 */
public record Host(Path root, Map<String, String> environment) {
    private static final int MOST_LINES = 10_000;

    /** A path of the host. */
    Path path(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    /** The first line of a small file such as those in /proc and /sys. */
    Optional<String> firstLine(String absolute) {
        return lines(absolute).stream().findFirst();
    }

    /** The lines of a small file; none when it cannot be read. */
    List<String> lines(String absolute) {
        try (BufferedReader reader = Files.newBufferedReader(path(absolute), StandardCharsets.ISO_8859_1)) {
            return reader.lines().limit(MOST_LINES).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Where a program is, looked for as root would: PATH, then the system directories. */
    Optional<Path> program(String name) {
        List<String> directories = new ArrayList<>(
                Arrays.asList(environment.getOrDefault("PATH", "").split(":")));
        directories.addAll(List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"));
        return directories.stream()
                .filter(directory -> directory.startsWith("/"))
                .map(directory -> path(directory + "/" + name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
