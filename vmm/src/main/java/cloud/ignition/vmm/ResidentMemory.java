package cloud.ignition.vmm;

import cloud.ignition.linux.Mmap;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much of a mapping is this process's own; /proc/self/smaps, see proc_pid_smaps(5). */
final class ResidentMemory {
    private static final Path SMAPS = Path.of("/proc/self/smaps");
    private static final String ANONYMOUS = "Anonymous:";
    private static final String SWAP = "Swap:";
    private static final Pattern START = Pattern.compile("([0-9a-f]+)-[0-9a-f]+ ");

    private ResidentMemory() {}

    /** Bytes of anonymous pages in a mapping; 0 when there is none or it cannot be read. */
    static long anonymousBytes(Mmap mapping) {
        return sum(mapping, List.of(ANONYMOUS)).orElse(0);
    }

    /** The same with what is swapped out: all pages that were written. Empty when it cannot be known. */
    static OptionalLong privateBytes(Mmap mapping) {
        return sum(mapping, List.of(ANONYMOUS, SWAP));
    }

    /** Adds counters up over the parts that the kernel keeps the mapping in; madvise(2) splits it. */
    private static OptionalLong sum(Mmap mapping, List<String> counters) {
        long end = mapping.address() + mapping.size();
        try (BufferedReader lines = Files.newBufferedReader(SMAPS)) {
            boolean inside = false;
            boolean found = false;
            long bytes = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher start = START.matcher(line);
                if (start.lookingAt()) {
                    long address = Long.parseUnsignedLong(start.group(1), 16);
                    inside = address >= mapping.address() && address < end;
                } else if (inside) {
                    String name = line.substring(0, line.indexOf(':') + 1);
                    if (counters.contains(name)) {
                        String kibibytes = line.substring(name.length(), line.indexOf('k'));
                        bytes += Long.parseLong(kibibytes.strip()) << 10;
                        found = true;
                    }
                }
            }
            return found ? OptionalLong.of(bytes) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
