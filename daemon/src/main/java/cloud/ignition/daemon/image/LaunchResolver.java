package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.oci.Image;
import cloud.ignition.oci.RuntimeConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Applies the user's wishes to an image's configuration, with the semantics users know from Docker: a command replaces
 * Cmd; an entrypoint replaces Entrypoint and drops Cmd; variables override by name.
 */
public final class LaunchResolver {
    private static final String DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private LaunchResolver() {}

    /**
     * The process to start.
     *
     * @throws UserException when there is nothing to start
     */
    public static Launch resolve(AppSpec spec, Image image) {
        RuntimeConfig process = image.config();
        List<String> arguments = new ArrayList<>();
        if (spec.entrypoint().isPresent()) {
            if (!spec.entrypoint().get().isEmpty()) {
                arguments.add(spec.entrypoint().get());
            }
            arguments.addAll(spec.command());
        } else {
            arguments.addAll(process.entrypoint());
            arguments.addAll(spec.command().isEmpty() ? process.cmd() : spec.command());
        }
        if (arguments.isEmpty()) {
            throw UserException.invalid("image '" + spec.image()
                    + "' names neither an entrypoint nor a command; give a command after the image");
        }
        return new Launch(
                image.manifestDigest(),
                image.rootImage(),
                arguments,
                environment(process.env(), spec.env()),
                workingDirectory(spec, process),
                spec.user().orElse(process.user()),
                process.stopSignal());
    }

    private static String workingDirectory(AppSpec spec, RuntimeConfig process) {
        String directory = spec.workdir().orElse(process.workingDir());
        return directory.isEmpty() ? "/" : directory;
    }

    private static List<String> environment(List<String> image, List<String> user) {
        Map<String, String> byName = new LinkedHashMap<>();
        put(byName, List.of(DEFAULT_PATH));
        put(byName, image);
        put(byName, user);
        return List.copyOf(byName.values());
    }

    private static void put(Map<String, String> byName, List<String> variables) {
        for (String variable : variables) {
            int equals = variable.indexOf('=');
            byName.put(variable.substring(0, equals), variable);
        }
    }
}
