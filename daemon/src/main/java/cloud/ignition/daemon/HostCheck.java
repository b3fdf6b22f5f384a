package cloud.ignition.daemon;

import cloud.ignition.daemon.app.UserException;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.kvm.Kvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What must be true of the host before the daemon starts; {@code ignition doctor} explains more. */
final class HostCheck {
    private HostCheck() {}

    /**
     * Refuses a host that cannot run Linux guests.
     *
     * @param root the file system's root, another one in tests
     * @throws UserException in one line
     */
    static void requireHardwareVirtualisation(Path root) {
        if (!Files.exists(root.resolve("dev/kvm"))) {
            throw UserException.unavailable(
                    "there is no /dev/kvm: load the module (modprobe kvm_intel or kvm_amd), turn"
                            + " on nested virtualisation when this is a virtual machine, or use lab/lab");
        }
        if (!hasFlag(root.resolve("proc/cpuinfo"), List.of("svm", "vmx"))) {
            throw UserException.unavailable("this host has /dev/kvm but no hardware virtualisation (no svm or vmx in"
                    + " /proc/cpuinfo): it cannot run Linux guests; use a KVM host, or lab/lab");
        }
    }

    /**
     * Opens KVM once.
     *
     * @throws UserException in one line when it cannot be used
     */
    static void requireUsableKvm() {
        try {
            Kvm.open().close();
        } catch (LinuxException e) {
            throw UserException.unavailable("/dev/kvm cannot be used: " + e.getMessage() + "; run: ignition doctor", e);
        }
    }

    private static boolean hasFlag(Path cpuinfo, List<String> wanted) {
        try (BufferedReader reader = Files.newBufferedReader(cpuinfo, StandardCharsets.ISO_8859_1)) {
            return reader.lines()
                    .filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> Arrays.asList(line.split("\\s+")))
                    .map(flags -> wanted.stream().anyMatch(flags::contains))
                    .orElse(false);
        } catch (IOException e) {
            throw UserException.unavailable("cannot read /proc/cpuinfo: " + e.getMessage() + "; mount /proc", e);
        }
    }
}
