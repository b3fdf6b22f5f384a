package cloud.ignition.daemon.limits;

import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The control group of one app's machine. */
public final class LimitedThreads implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LimitedThreads.class.getName());

    /**
     * cpu.max counts over so long. Short, because a vCPU may be held back in the middle of this process's code, and then a garbage
     * collection, so everybody, waits for the rest of the period.
     */
    private static final int PERIOD_MICROS = 10_000;

    private final Path home;
    private final Path group;

    private LimitedThreads(Path home, Path group) {
        this.home = home;
        this.group = group;
    }

    static LimitedThreads in(Path home, Path group, CpuLimit limit, int[] threads) {
        LimitedThreads limited = new LimitedThreads(home, group);
        try {
            limited.fill(limit, threads);
            return limited;
        } catch (IOException e) {
            limited.close();
            throw UserException.unavailable(
                    "a CPU limit of " + limit + " cannot be kept: control group " + group + " refuses: "
                            + e.getMessage()
                            + "; leave --cpu-limit out, or start the daemon in a group of its own with Delegate=yes",
                    e);
        }
    }

    /** In this order: the parent becomes the domain of a threaded subtree first, and only then may it share out a controller. */
    private void fill(CpuLimit limit, int[] threads) throws IOException {
        Files.createDirectories(group);
        ControlFile.write(group, "cgroup.type", "threaded");
        ControlFile.write(home, "cgroup.subtree_control", "+cpu");
        ControlFile.write(group, "cpu.max", cpuMax(limit));
        for (int thread : threads) {
            ControlFile.moveThread(group, Integer.toString(thread));
        }
    }

    /** Quota and period in microseconds. */
    static String cpuMax(CpuLimit limit) {
        return (long) limit.milliCpus() * PERIOD_MICROS / 1000 + " " + PERIOD_MICROS;
    }

    /** Takes all threads out of the group, whoever they are by now, and removes it; what the host refuses is logged. */
    @Override
    public void close() {
        if (!Files.exists(group)) {
            return;
        }
        try {
            for (String thread : ControlFile.threads(group)) {
                leave(thread);
            }
            Files.delete(group);
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "control group {0} stays until the app is limited again or the daemon starts: {1}",
                    group,
                    e.getMessage());
        }
    }

    private void leave(String thread) {
        try {
            ControlFile.moveThread(home, thread);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "thread {0} of control group {1} ended by itself", thread, group);
        }
    }
}
