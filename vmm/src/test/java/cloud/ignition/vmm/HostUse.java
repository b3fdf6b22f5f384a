package cloud.ignition.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What this process has of the host's at one moment, as far as machines take it.
 *
 * @param descriptors what open descriptors point to, and how many do; without the JVM's own jars
 * @param mappings mapped files and KVM's pages, and how many mappings there are of each
 * @param reservedMiB MiB mapped without reservation, as guest memory is; whole units of 64 MiB of each mapping
 * @param threads names of the machines' threads that live
 * @param files names in the directory of the test, the snapshots' inner ones included
 */
record HostUse(
        Map<String, Integer> descriptors,
        Map<String, Integer> mappings,
        long reservedMiB,
        List<String> threads,
        List<String> files) {
    private static final long UNIT = 64L << 20;

    static HostUse now(Path directory) throws IOException {
        return new HostUse(openDescriptors(), mapped(directory), reserved(), liveThreads(), names(directory));
    }

    /** Only what is not the same. */
    String differsFrom(HostUse other) {
        Map<String, Integer> more = new TreeMap<>(descriptors);
        more.entrySet().removeIf(entry -> entry.getValue().equals(other.descriptors.get(entry.getKey())));
        return "descriptors " + more + ", mappings " + mappings + " before " + other.mappings + ", reserved "
                + reservedMiB + " before " + other.reservedMiB + " MiB, threads " + threads
                + (files.equals(other.files) ? "" : ", files " + files);
    }

    private static Map<String, Integer> openDescriptors() throws IOException {
        Map<String, Integer> counts = new TreeMap<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path link : all.toList()) {
                try {
                    String target = Files.readSymbolicLink(link).toString();
                    if (!target.endsWith(".jar") && !target.startsWith("/proc/") && !target.contains("/jvm/")) {
                        counts.merge(target, 1, Integer::sum);
                    }
                } catch (NoSuchFileException e) {
                    // The one that lists the directory.
                }
            }
        }
        return counts;
    }

    private static Map<String, Integer> mapped(Path directory) throws IOException {
        Map<String, Integer> counts = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            int name = Math.max(line.indexOf(" anon_inode:"), line.indexOf(" " + directory));
            if (name >= 0) {
                counts.merge(line.substring(name + 1), 1, Integer::sum);
            }
        }
        return counts;
    }

    /**
     * The C library's heaps are such memory, too, each less than a unit, and they grow with the compiler's needs: not counted. So is the Java
     * heap, but not writable before it is used. Addresses that wait for a guest's memory are not writable either, but are kept out of
     * core files (dd).
     */
    private static long reserved() throws IOException {
        long bytes = 0;
        long size = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.startsWith("Size:")) {
                size = Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            } else if (line.startsWith("VmFlags:")) {
                String flags = line.toLowerCase(Locale.ROOT) + " ";
                boolean guests = flags.contains(" nr ") && (flags.contains(" wr ") || flags.contains(" dd "));
                bytes += guests ? size / UNIT * UNIT : 0;
            }
        }
        return bytes >> 20;
    }

    private static List<String> liveThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name ->
                        name.startsWith("vcpu-") || name.startsWith("machine-disk-") || name.equals("machine-events"))
                .sorted()
                .toList();
    }

    private static List<String> names(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> all = Files.walk(directory)) {
            all.map(path -> directory.relativize(path).toString()).sorted().forEach(names::add);
        }
        return names;
    }
}
