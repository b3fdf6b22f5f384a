package cloud.ignition.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Where and with what something was measured.
 *
 * @param cpu its model name
 * @param cores how many the JVM may use
 * @param kernel release
 * @param jdk its version
 * @param commit what was measured
 * @param load the host's load averages at the end of the run
 * @param time UTC, to the second
 */
record Host(String cpu, int cores, String kernel, String jdk, String commit, String load, String time) {
    static Host ofThisRun(String commit) throws IOException {
        String cpu = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown");
        String[] load = Files.readString(Path.of("/proc/loadavg")).split(" ", -1);
        return new Host(
                cpu,
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.version", "unknown"),
                Runtime.version().toString(),
                commit,
                load[0] + " " + load[1] + " " + load[2],
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }
}
