package cloud.ignition.cli.doctor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The processor and /dev/kvm. */
final class KvmChecks {
    private static final String DEVICE = "/dev/kvm";

    private KvmChecks() {}

    static List<Finding> run(Host host) {
        return List.of(processor(host), device(host));
    }

    private static Finding processor(Host host) {
        String subject = "processor";
        List<String> flags = host.lines("/proc/cpuinfo").stream()
                .filter(line -> line.startsWith("flags"))
                .findFirst()
                .map(line -> Arrays.asList(line.split("\\s+")))
                .orElse(List.of());
        if (flags.contains("vmx")) {
            return Finding.ok(subject, "hardware virtualisation: Intel VT-x (vmx)");
        }
        if (flags.contains("svm")) {
            return Finding.ok(subject, "hardware virtualisation: AMD-V (svm)");
        }
        if (Files.exists(host.path(DEVICE))) {
            return Finding.fail(
                    subject,
                    "this host has /dev/kvm but no hardware virtualisation (no svm or vmx in /proc/cpuinfo): it cannot"
                            + " run Linux guests",
                    "use a KVM host, or lab/lab");
        }
        return Finding.fail(
                subject,
                "no hardware virtualisation (no svm or vmx in /proc/cpuinfo)",
                "turn it on in the firmware, or nested virtualisation when this is a virtual machine; or use lab/lab");
    }

    private static Finding device(Host host) {
        Path device = host.path(DEVICE);
        if (!Files.exists(device)) {
            return Finding.fail(
                    DEVICE,
                    "does not exist",
                    "load the module: modprobe kvm_intel, or modprobe kvm_amd; or use lab/lab");
        }
        if (!Files.isReadable(device) || !Files.isWritable(device)) {
            return Finding.fail(
                    DEVICE,
                    "may not be opened by user " + System.getProperty("user.name"),
                    "run the daemon as root, or join the group: usermod -aG kvm USER");
        }
        return Finding.ok(DEVICE, "can be opened");
    }
}
