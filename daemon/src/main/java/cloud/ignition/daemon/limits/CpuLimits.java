package cloud.ignition.daemon.limits;

import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Limits of CPU time for single apps. Their vCPUs are threads of the daemon, so each limited app has a threaded control group
 * below the daemon's own (Documentation/admin-guide/cgroup-v2.rst, "Threads"), from where its machine is made until it is closed.
 */
public final class CpuLimits {
    private static final System.Logger LOG = System.getLogger(CpuLimits.class.getName());
    private static final String PREFIX = "app-";

    private final Path root;
    private volatile @Nullable Path used;

    /**
     * Looks at nothing yet.
     *
     * @param root the file system's root, another one in tests
     */
    public CpuLimits(Path root) {
        this.root = root;
    }

    /**
     * Refuses a limit that this host cannot keep.
     *
     * @throws UserException in one line that names the limit, what the host lacks, and the remedy
     */
    public void require(CpuLimit limit) {
        if (!limit.isNone()) {
            home(limit);
        }
    }

    /**
     * Limits threads of this process.
     *
     * @param app identifies the app
     * @param limit not {@link CpuLimit#NONE}
     * @return to be closed before the threads end, so that they are gone from the group when it is removed
     * @throws UserException when the host refuses; then nothing is left behind
     */
    public LimitedThreads limit(String app, CpuLimit limit, int[] threads) {
        Path home = home(limit);
        used = home;
        return LimitedThreads.in(home, home.resolve(PREFIX + app), limit, threads);
    }

    /**
     * Takes the calling thread out of the group it was born in: a thread begins in its maker's, and a vCPU may be the maker of a
     * thread that works for all apps.
     */
    public void leave() {
        Path home = used;
        if (home != null) {
            try {
                ControlFile.moveCallingThread(home);
            } catch (IOException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "a thread may stay in the control group of an app: " + e.getMessage());
            }
        }
    }

    /** Removes the groups of apps that a former daemon left; those of another one that lives are in use and stay. */
    public void reap() {
        Path home;
        try {
            home = DaemonCgroup.find(root);
        } catch (UserException e) {
            return; // no limits here, so no groups
        }
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(home, PREFIX + "*")) {
            for (Path group : groups) {
                remove(group);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "control groups of a former daemon may be left: " + e.getMessage());
        }
    }

    private static void remove(Path group) {
        try {
            Files.delete(group);
            LOG.log(System.Logger.Level.INFO, "removed the control group {0} of a former daemon", group);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "control group {0} stays: {1}", group, e.getMessage());
        }
    }

    private Path home(CpuLimit limit) {
        try {
            return DaemonCgroup.find(root);
        } catch (UserException e) {
            throw UserException.unavailable("a CPU limit of " + limit + " cannot be kept: " + e.getMessage(), e);
        }
    }
}
