package cloud.ignition.daemon.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a directory that stands for the control groups; {@code RealCgroupTest} is on those of a kernel. */
class CpuLimitsTest {
    private static final CpuLimit HALF = new CpuLimit(500);

    @TempDir
    Path root;

    private Path home;
    private CpuLimits limits;

    @BeforeEach
    void aHostWithCgroup2() throws IOException {
        write("proc/self/mounts", "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,relatime 0 0\n");
        write("proc/self/cgroup", "0::/system.slice/ignition.service\n");
        home = root.resolve("sys/fs/cgroup/system.slice/ignition.service");
        write("sys/fs/cgroup/system.slice/ignition.service/cgroup.controllers", "cpu memory pids\n");
        limits = new CpuLimits(root);
    }

    @Test
    void aLimitIsAThreadedGroupWithTheThreadsInIt() throws IOException {
        limits.require(HALF);
        LimitedThreads threads = limits.limit("0123456789ab", HALF, new int[] {4711});

        Path group = home.resolve("app-0123456789ab");
        assertThat(group.resolve("cgroup.type")).hasContent("threaded");
        assertThat(home.resolve("cgroup.subtree_control")).hasContent("+cpu");
        assertThat(group.resolve("cpu.max")).hasContent("5000 10000");
        assertThat(group.resolve("cgroup.threads")).hasContent("4711");

        threads.close();
        assertThat(home.resolve("cgroup.threads")).hasContent("4711");
    }

    @Test
    void aGroupWithoutThreadsIsRemovedWithItsLimitOrAtTheNextStart() throws IOException {
        LimitedThreads threads = limits.limit("a", HALF, new int[] {4711});
        clearFiles(home.resolve("app-a")); // in a kernel's they are not in the way
        write("sys/fs/cgroup/system.slice/ignition.service/app-b/busy", "");
        Files.createDirectory(home.resolve("app-c"));
        Files.createDirectory(home.resolve("other"));

        limits.reap();

        assertThat(home.resolve("app-a")).doesNotExist();
        assertThat(home.resolve("app-b")).as("in use").exists();
        assertThat(home.resolve("app-c")).doesNotExist();
        assertThat(home.resolve("other")).exists();
        threads.close(); // and one that is gone is no failure
    }

    @Test
    void quotasAreOfAHundredthOfASecond() {
        assertThat(LimitedThreads.cpuMax(new CpuLimit(100))).isEqualTo("1000 10000");
        assertThat(LimitedThreads.cpuMax(new CpuLimit(1250))).isEqualTo("12500 10000");
        assertThat(LimitedThreads.cpuMax(new CpuLimit(8000))).isEqualTo("80000 10000");
        assertThat(HALF).hasToString("0.5");
        assertThat(new CpuLimit(2000)).hasToString("2");
    }

    @Test
    void aThreadLeavesOnlyWhereThereIsALimit() {
        limits.leave();
        assertThat(home.resolve("cgroup.threads")).doesNotExist();

        limits.limit("a", HALF, new int[] {4711});
        limits.leave();
        assertThat(home.resolve("cgroup.threads")).hasContent("0");
    }

    @Test
    void whatTheHostLacksIsSaidWithItsRemedy() throws IOException {
        write("sys/fs/cgroup/system.slice/ignition.service/cgroup.controllers", "memory\n");
        refused("a CPU limit of 0.5 cannot be kept: control group ", "has no cpu controller", "Delegate=yes");

        write("proc/self/mounts", "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n");
        refused("a CPU limit of 0.5 cannot be kept: this host has no cgroup v2", "leave --cpu-limit out");

        Files.delete(root.resolve("proc/self/mounts"));
        refused("a CPU limit of 0.5 cannot be kept: control groups cannot be looked at", "mount /proc");

        limits.require(CpuLimit.NONE);
        limits.reap();
    }

    @Test
    void aRefusedGroupIsAnErrorThatLeavesNoThreadInIt() throws IOException {
        write("sys/fs/cgroup/system.slice/ignition.service/cgroup.subtree_control/busy", "");

        assertThatThrownBy(() -> limits.limit("a", HALF, new int[] {4711}))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a CPU limit of 0.5 cannot be kept: control group")
                .hasMessageContaining("leave --cpu-limit out");
        assertThat(home.resolve("app-a/cgroup.threads")).doesNotExist();
    }

    private void refused(String... parts) {
        assertThatThrownBy(() -> limits.require(HALF))
                .isInstanceOf(UserException.class)
                .hasMessageContainingAll(parts);
        assertThatThrownBy(() -> limits.limit("a", HALF, new int[] {1})).isInstanceOf(UserException.class);
    }

    private void clearFiles(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
