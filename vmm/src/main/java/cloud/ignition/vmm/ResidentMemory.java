package cloud.ignition.vmm;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much of a mapping is this process's own; /proc/self/smaps, see proc_pid_smaps(5). */
final class ResidentMemory {
    private static final Path SMAPS = Path.of("/proc/self/smaps");
    private static final String ANONYMOUS = "Anonymous:";

    private ResidentMemory() {}

    /** Bytes of anonymous pages in the mapping that starts at an address; 0 when there is none or it cannot be read. */
    static long anonymousBytes(long address) {
        String start = Long.toHexString(address) + "-";
        try (BufferedReader lines = Files.newBufferedReader(SMAPS)) {
            boolean inside = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(start)) {
                    inside = true;
                } else if (inside && line.startsWith(ANONYMOUS)) {
                    String kibibytes = line.substring(ANONYMOUS.length(), line.indexOf('k'))
                            .strip();
                    return Long.parseLong(kibibytes) << 10;
                }
            }
            return 0;
        } catch (IOException e) {
            return 0; // a number to show, nothing depends on it
        }
    }
}
