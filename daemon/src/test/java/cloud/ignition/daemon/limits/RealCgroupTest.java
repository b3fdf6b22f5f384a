package cloud.ignition.daemon.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.linux.Clocks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** On the control groups of the kernel, where this process may make some; the lab's machine is such a host. */
class RealCgroupTest {
    private static final Path ROOT = Path.of("/");
    private static final CpuLimit LEAST = new CpuLimit(100);

    /** More than the least limit allows in one period, 1 ms. */
    private static final long BURN_NANOS = 20_000_000;

    @Test
    void aLimitedThreadIsHeldBackAndItsGroupGoes() throws Exception {
        Path home = home();
        CpuLimits limits = new CpuLimits(ROOT);
        CompletableFuture<Path> task = new CompletableFuture<>();
        CountDownLatch limited = new CountDownLatch(1);
        CountDownLatch burnt = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        CompletableFuture<Path> born = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            // All that the JVM does once, before it is done at a tenth of the speed.
            Thread child = Thread.ofPlatform().unstarted(() -> {
                limits.leave();
                born.complete(thisTask());
                await(end);
            });
            burn(1);
            task.complete(thisTask());
            await(limited);
            burn(BURN_NANOS);
            child.start();
            burnt.countDown();
            await(end);
        });
        int tid = Integer.parseInt(task.get().getFileName().toString());
        Path group = home.resolve("app-test" + ProcessHandle.current().pid());

        try (LimitedThreads threads =
                limits.limit("test" + ProcessHandle.current().pid(), LEAST, new int[] {tid})) {
            assertThat(Files.readAllLines(group.resolve("cgroup.threads"))).containsExactly(Integer.toString(tid));
            assertThat(group.resolve("cpu.max")).hasContent("1000 10000");
            limited.countDown();
            burnt.await();
            assertThat(Files.readAllLines(group.resolve("cpu.stat")))
                    .anyMatch(line -> line.matches("nr_throttled [1-9][0-9]*"));
            assertThat(groupOf(born.get())).isEqualTo(groupOf(Path.of("/proc/self")));
            limits.reap(); // it is in use
            assertThat(group).exists();
            assertThat(threads).isNotNull();
        } finally {
            limited.countDown();
        }

        assertThat(group).doesNotExist();
        assertThat(groupOf(task.get())).isEqualTo(groupOf(Path.of("/proc/self")));
        end.countDown();
        thread.join();

        Files.createDirectory(group);
        limits.reap();
        assertThat(group).doesNotExist();
    }

    private static Path home() {
        try {
            return DaemonCgroup.find(ROOT);
        } catch (UserException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    private static List<String> groupOf(Path task) throws IOException {
        return Files.readAllLines(task.resolve("cgroup"));
    }

    private static Path thisTask() {
        try {
            return Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void burn(long nanos) {
        int tid = Integer.parseInt(thisTask().getFileName().toString());
        long end = Clocks.threadCpuNanos(tid) + nanos;
        while (Clocks.threadCpuNanos(tid) < end) {
            Thread.onSpinWait();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
