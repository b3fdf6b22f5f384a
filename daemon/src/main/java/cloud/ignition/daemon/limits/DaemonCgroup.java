package cloud.ignition.daemon.limits;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds the control group that this process is in, in the cgroup v2 tree that controls CPU time. */
final class DaemonCgroup {
    private static final String UNIFIED = "0::";
    private static final String REMEDY = "; leave --cpu-limit out, or ";

    private DaemonCgroup() {}

    /**
     * The directory of the group.
     *
     * @param root the file system's root, another one in tests
     * @throws UserException in one line, what is missing and what to do about it
     */
    static Path find(Path root) {
        Path mount;
        String group;
        try {
            mount = mounted(root).orElse(null);
            group = ofThisProcess(root).orElse(null);
        } catch (IOException e) {
            throw UserException.unavailable(
                    "control groups cannot be looked at: " + e.getMessage() + "; mount /proc", e);
        }
        if (mount == null || group == null) {
            throw UserException.unavailable("this host has no cgroup v2" + REMEDY
                    + "boot the host with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup");
        }
        Path directory = root.resolve(mount).resolve(group);
        if (!controlsCpu(directory)) {
            throw UserException.unavailable("control group " + directory + " has no cpu controller" + REMEDY
                    + "give it one: Delegate=yes in the daemon's unit; a host with cgroup v1, too, has it there");
        }
        if (!Files.isWritable(directory)) {
            throw UserException.unavailable(
                    "control group " + directory + " is not writable" + REMEDY + "run the daemon as root");
        }
        return directory;
    }

    /** Where cgroup v2 is mounted, relative to the root. */
    private static Optional<Path> mounted(Path root) throws IOException {
        return Files.readAllLines(root.resolve("proc/self/mounts")).stream()
                .map(line -> line.split(" "))
                .filter(words -> words.length > 2 && words[2].equals("cgroup2"))
                .map(words -> Path.of(words[1].substring(1)))
                .findFirst();
    }

    /** The process's group, relative to the mount. */
    private static Optional<String> ofThisProcess(Path root) throws IOException {
        return Files.readAllLines(root.resolve("proc/self/cgroup")).stream()
                .filter(line -> line.startsWith(UNIFIED + "/"))
                .map(line -> line.substring(UNIFIED.length() + 1))
                .findFirst();
    }

    private static boolean controlsCpu(Path directory) {
        @Nullable String controllers;
        try {
            controllers = Files.readString(directory.resolve("cgroup.controllers"));
        } catch (IOException e) {
            return false;
        }
        return Arrays.asList(controllers.strip().split(" ")).contains("cpu");
    }
}
