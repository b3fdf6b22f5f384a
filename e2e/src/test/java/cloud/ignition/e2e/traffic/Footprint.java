package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What this process holds of the host's: open descriptors, threads, mappings, and resident memory.
 *
 * @param rssKib resident set in KiB
 */
record Footprint(int fds, int threads, int mappings, long rssKib) {
    /** Connections of the HTTP clients may be open or not; class loading opens a jar now and then. */
    static final int FD_TOLERANCE = 4;

    /** The JVM's own compiler threads come and go. */
    static final int THREAD_TOLERANCE = 4;

    /** Stacks of those, and what malloc and the JVM's own areas add while the compilers still work. */
    static final int MAPPING_TOLERANCE = 24;

    /** The same; the heap has its full size from the start. */
    static final long RSS_TOLERANCE_KIB = 24 << 10;

    private static final String VM = "anon_inode:kvm-vm";

    /** As it is now. */
    static Footprint now() {
        try {
            return new Footprint(
                    openFiles().size(), count("/proc/self/task"), lines("/proc/self/maps"), status("VmRSS:"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a machine of this process still exists for KVM. */
    static boolean hasVm() {
        return openFiles().contains(VM);
    }

    /** Whether a file below a directory is mapped. */
    static boolean maps(String directory) {
        try {
            return Files.readAllLines(Path.of("/proc/self/maps")).stream()
                    .anyMatch(line -> line.contains(directory + "/"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In which way this is more than a baseline, or an empty string. */
    String growthSince(Footprint baseline) {
        List<String> grown = new ArrayList<>();
        if (fds > baseline.fds + FD_TOLERANCE) {
            grown.add("descriptors");
        }
        if (threads > baseline.threads + THREAD_TOLERANCE) {
            grown.add("threads");
        }
        if (mappings > baseline.mappings + MAPPING_TOLERANCE) {
            grown.add("mappings");
        }
        if (rssKib > baseline.rssKib + RSS_TOLERANCE_KIB) {
            grown.add("resident memory");
        }
        return grown.isEmpty() ? "" : String.join(", ", grown) + " grew: " + baseline + " became " + this;
    }

    private static List<String> openFiles() {
        List<String> targets = new ArrayList<>();
        try (Stream<Path> fds = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : (Iterable<Path>) fds::iterator) {
                try {
                    targets.add(Files.readSymbolicLink(fd).toString());
                } catch (NoSuchFileException e) {
                    // closed meanwhile
                }
            }
            return targets;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int count(String directory) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of(directory))) {
            return (int) entries.count();
        }
    }

    private static int lines(String file) throws IOException {
        return Files.readAllLines(Path.of(file)).size();
    }

    private static long status(String key) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }
}
