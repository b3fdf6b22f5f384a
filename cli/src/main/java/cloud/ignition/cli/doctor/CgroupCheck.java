package cloud.ignition.cli.doctor;

import java.util.Arrays;
import java.util.Optional;

/** Control groups, which only {@code run --cpu-limit} needs. */
final class CgroupCheck {
    private CgroupCheck() {}

    static Finding run(Host host) {
        String subject = "cgroup v2";
        String without = "; apps run, but --cpu-limit is refused";
        Optional<String> mount = host.lines("/proc/self/mounts").stream()
                .map(line -> line.split(" "))
                .filter(words -> words.length > 2 && words[2].equals("cgroup2"))
                .map(words -> words[1])
                .findFirst();
        if (mount.isEmpty()) {
            return Finding.warn(
                    subject,
                    "not mounted" + without,
                    "for limits: boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup");
        }
        String controllers = host.firstLine(mount.get() + "/cgroup.controllers").orElse("");
        if (!Arrays.asList(controllers.split(" ")).contains("cpu")) {
            return Finding.warn(
                    subject,
                    mount.get() + " has no cpu controller: cgroup v1 has it" + without,
                    "for limits: boot with systemd.unified_cgroup_hierarchy=1");
        }
        return Finding.ok(
                subject, mount.get() + " controls CPU time; the daemon needs a group of its own for --cpu-limit");
    }
}
