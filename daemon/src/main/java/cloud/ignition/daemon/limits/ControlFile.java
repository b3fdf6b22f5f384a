package cloud.ignition.daemon.limits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The control groups' files that are written here. */
final class ControlFile {
    static final String THREADS = "cgroup.threads";
    private static final String CALLING_THREAD = "0";

    private ControlFile() {}

    static void write(Path group, String file, String value) throws IOException {
        Files.writeString(group.resolve(file), value);
    }

    static void moveThread(Path group, String thread) throws IOException {
        write(group, THREADS, thread);
    }

    static void moveCallingThread(Path group) throws IOException {
        moveThread(group, CALLING_THREAD);
    }

    static List<String> threads(Path group) throws IOException {
        return Files.readAllLines(group.resolve(THREADS));
    }
}
