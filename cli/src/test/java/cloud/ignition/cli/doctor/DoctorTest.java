package cloud.ignition.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
    @TempDir
    Path root;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void aHealthyHost() throws IOException {
        write("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme svm\n");
        write("/dev/kvm", "");
        write("/dev/net/tun", "");
        write("/proc/sys/net/ipv4/ip_forward", "1\n");
        write("/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
        write("/proc/self/mounts", "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
        write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
        for (String program : List.of("ip", "nft")) {
            executable("/usr/sbin/" + program);
        }
        executable("/opt/bin/tar2sqfs");
        environment.put("PATH", "/opt/bin:relative");
        environment.put("IGNITION_KERNEL", write("/guest/vmlinux", "k").toString());
        environment.put(
                "IGNITION_INITRAMFS", write("/guest/initramfs.cpio", "i").toString());
    }

    @Test
    void aHealthyHostIsAllOk() {
        assertThat(examine())
                .filteredOn(f -> !f.subject().equals("state directory"))
                .hasSize(12)
                .allSatisfy(f -> {
                    assertThat(f.status()).as(f.toString()).isEqualTo(Finding.Status.OK);
                    assertThat(f.remedy()).isEmpty();
                });
        assertThat(finding("state directory").detail()).contains("GiB free");
    }

    @Test
    void aSoftwareKvmIsRecognised() throws IOException {
        write("/proc/cpuinfo", "flags\t\t: fpu vme\n");

        assertThat(finding("processor").status()).isEqualTo(Finding.Status.FAIL);
        assertThat(finding("processor").detail())
                .isEqualTo("this host has /dev/kvm but no hardware virtualisation (no svm or vmx in /proc/cpuinfo): it"
                        + " cannot run Linux guests");
        assertThat(finding("processor").remedy()).isEqualTo("use a KVM host, or lab/lab");
    }

    @Test
    void everythingMissingFailsWithItsRemedy() throws IOException {
        for (String path : List.of("/dev/kvm", "/dev/net/tun", "/usr/sbin/ip", "/usr/sbin/nft", "/opt/bin/tar2sqfs")) {
            Files.delete(root.resolve(path.substring(1)));
        }
        Files.delete(Path.of(environment.get("IGNITION_KERNEL")));
        environment.remove("IGNITION_INITRAMFS");

        assertThat(failed("/dev/kvm")).contains("modprobe kvm");
        assertThat(failed("/dev/net/tun")).contains("modprobe tun");
        assertThat(failed("ip")).isEqualTo("install it: apt-get install iproute2");
        assertThat(failed("nft")).isEqualTo("install it: apt-get install nftables");
        assertThat(failed("tar2sqfs")).isEqualTo("install it: apt-get install squashfs-tools-ng");
        assertThat(failed("guest kernel")).contains("make guest", "IGNITION_KERNEL");
        assertThat(failed("guest init")).isEqualTo("build it: make guest");
    }

    @Test
    void lacksThatDoNotStopAnythingAreWarnings() throws IOException {
        write("/proc/sys/net/ipv4/ip_forward", "0\n");
        write("/proc/self/status", "CapEff:\t0000000000000000\n");

        assertThat(finding("IPv4 forwarding").status()).isEqualTo(Finding.Status.WARN);
        assertThat(finding("privilege").status()).isEqualTo(Finding.Status.WARN);
    }

    @Test
    void withoutControlOfCpuTimeOnlyLimitsAreMissing() throws IOException {
        write("/sys/fs/cgroup/cgroup.controllers", "\n");
        assertThat(finding("cgroup v2").status()).isEqualTo(Finding.Status.WARN);
        assertThat(finding("cgroup v2").detail())
                .isEqualTo(
                        "/sys/fs/cgroup has no cpu controller: cgroup v1 has it; apps run, but --cpu-limit is refused");

        write("/proc/self/mounts", "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n");
        assertThat(finding("cgroup v2").detail()).isEqualTo("not mounted; apps run, but --cpu-limit is refused");
    }

    @Test
    void whoMovesPacketsIsToldAndNeitherIsALack() throws IOException {
        assertThat(finding("/dev/vhost-net").status()).isEqualTo(Finding.Status.OK);
        assertThat(finding("/dev/vhost-net").detail())
                .contains("the daemon moves packets itself", "modprobe vhost_net");
        write("/dev/vhost-net", "");
        assertThat(finding("/dev/vhost-net").status()).isEqualTo(Finding.Status.OK);
        assertThat(finding("/dev/vhost-net").detail()).contains("the kernel moves packets", "--vhost off");
    }

    private String failed(String subject) {
        assertThat(finding(subject).status()).as(subject).isEqualTo(Finding.Status.FAIL);
        return finding(subject).remedy();
    }

    private Finding finding(String subject) {
        return examine().stream()
                .filter(f -> f.subject().equals(subject))
                .findFirst()
                .orElseThrow();
    }

    private List<Finding> examine() {
        return Doctor.examine(new Host(root, environment), root.resolve("not/there/yet"));
    }

    private void executable(String path) throws IOException {
        assertThat(write(path, "").toFile().setExecutable(true)).isTrue();
    }

    private Path write(String path, String text) throws IOException {
        Path file = root.resolve(path.substring(1));
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }
}
