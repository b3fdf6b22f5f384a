package cloud.ignition.daemon.image;

import java.nio.file.Path;
import java.util.List;

/**
 * What an app boots: its root image and the process in it, with the user's wishes already applied to the image's
 * configuration.
 *
 * @param imageDigest manifest digest
 * @param rootImage file of the root file system image
 * @param arguments the process's argument vector, not empty
 * @param env environment {@code K=V}
 * @param cwd absolute working directory
 * @param user OCI user string, empty for root
 * @param stopSignal signal number that asks the process to end
 */
public record Launch(
        String imageDigest,
        Path rootImage,
        List<String> arguments,
        List<String> env,
        String cwd,
        String user,
        int stopSignal) {
    /** Checks what the guest's init relies on. */
    public Launch {
        arguments = List.copyOf(arguments);
        env = List.copyOf(env);
        if (arguments.isEmpty() || !cwd.startsWith("/") || stopSignal < 1 || stopSignal > 64) {
            throw new IllegalArgumentException("launch without arguments, absolute working directory or signal");
        }
    }
}
