package cloud.ignition.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine with KVM on which the tests run commands: this host when it has hardware virtualisation, else the lab. There
 * is no third way: without either, the tests fail.
 */
final class Machine implements AutoCloseable {
    /** The checkout. */
    static final Path ROOT = Path.of(System.getProperty("ignition.root", ".")).toAbsolutePath();

    private static final String LAB = ROOT.resolve("lab/lab").toString();
    private static final Duration BOOT_LIMIT = Duration.ofMinutes(4);

    private final String labName;

    private Machine(String labName) {
        this.labName = labName;
    }

    /** Makes the machine ready; boots the lab where it is needed. */
    static Machine start(String name) {
        if (hasHardwareVirtualisation()) {
            return new Machine("");
        }
        return startLab(name);
    }

    /** Boots a lab whether or not this host has hardware virtualisation. */
    static Machine startLab(String name) {
        // The start-up caches are made here, where it is quick; the lab uses them, as it sees this host's files.
        for (String verb : List.of("version", "daemon")) {
            Processes.run(BOOT_LIMIT, List.of("env", "IGNITION_AOT=wait", ROOT + "/bin/ignition", verb, "--help"));
        }
        Machine machine =
                new Machine("e2e-" + name + "-" + ProcessHandle.current().pid());
        Result started = Processes.run(BOOT_LIMIT, List.of(LAB, "start", "--name", machine.labName));
        if (started.exitCode() != 0) {
            throw new IllegalStateException("the lab does not start: " + started);
        }
        return machine;
    }

    private static boolean hasHardwareVirtualisation() {
        try {
            String cpuinfo = Files.readString(Path.of("/proc/cpuinfo"));
            return cpuinfo.matches("(?s).*\\b(svm|vmx)\\b.*") && Files.isWritable(Path.of("/dev/kvm"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Flags for the daemon's JVM: in the lab the second compiler costs more than it brings in the tests' short time. */
    String daemonOptions() {
        return labName.isEmpty() ? "" : "-XX:TieredStopAtLevel=1";
    }

    /** Whether it is a machine of our own, whose clock may be set. */
    boolean isLab() {
        return !labName.isEmpty();
    }

    /** Runs a command to its end. */
    Result run(Duration limit, String... command) {
        return run(limit, List.of(command));
    }

    /** Runs a command to its end. */
    Result run(Duration limit, List<String> command) {
        if (labName.isEmpty()) {
            return Processes.run(limit, command);
        }
        List<String> all = new ArrayList<>(List.of(LAB, "exec", "--name", labName, "--"));
        all.addAll(command);
        return Processes.run(limit, all);
    }

    /** Runs a shell script to its end. */
    Result shell(Duration limit, String script) {
        return run(limit, "bash", "-c", script);
    }

    @Override
    public void close() {
        if (!labName.isEmpty()) {
            Processes.run(Duration.ofMinutes(1), List.of(LAB, "stop", "--name", labName));
        }
    }
}
