package cloud.ignition.daemon.app;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The rules an {@link AppSpec} must keep; each broken one is a one-line {@link UserException}. */
final class AppSpecRules {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");
    private static final long MIB = 1L << 20;

    private AppSpecRules() {}

    static void check(
            String name,
            String image,
            int vcpus,
            long memoryBytes,
            List<PortMapping> ports,
            List<String> env,
            List<String> command,
            Optional<String> entrypoint,
            Optional<String> user,
            Optional<String> workdir) {
        if (!name.isEmpty()) {
            AppNames.check(name);
        }
        if (image.isBlank() || image.length() > Limits.MAX_IMAGE_REFERENCE) {
            throw UserException.invalid("image reference '" + image + "' is empty or too long");
        }
        if (vcpus < 1 || vcpus > Limits.MAX_VCPUS) {
            throw UserException.invalid("vcpus " + vcpus + " is out of range; use 1 to " + Limits.MAX_VCPUS);
        }
        if (memoryBytes < Limits.MIN_MEMORY || memoryBytes > Limits.MAX_MEMORY || memoryBytes % (2 * MIB) != 0) {
            throw UserException.invalid(
                    "memory " + memoryBytes + " bytes is out of range; use an even number of MiB from "
                            + Limits.MIN_MEMORY / MIB + " to " + Limits.MAX_MEMORY / MIB);
        }
        checkPorts(ports);
        checkTexts(env, command, entrypoint, user, workdir);
    }

    private static void checkPorts(List<PortMapping> ports) {
        if (ports.size() > Limits.MAX_PORTS) {
            throw UserException.invalid(
                    ports.size() + " published ports; at most " + Limits.MAX_PORTS + " are allowed");
        }
        for (int i = 0; i < ports.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (ports.get(i).collidesWith(ports.get(j))) {
                    throw UserException.invalid("port mapping " + ports.get(i) + " and " + ports.get(j)
                            + " want the same host port; choose another host port for one of them");
                }
            }
        }
    }

    private static void checkTexts(
            List<String> env,
            List<String> command,
            Optional<String> entrypoint,
            Optional<String> user,
            Optional<String> workdir) {
        long bytes = 0;
        Set<String> keys = new HashSet<>();
        for (String variable : env) {
            int equals = variable.indexOf('=');
            if (equals < 1) {
                throw UserException.invalid("environment variable '" + variable + "' must be written as NAME=VALUE");
            }
            if (!keys.add(variable.substring(0, equals))) {
                throw UserException.invalid(
                        "environment variable '" + variable.substring(0, equals) + "' is given twice");
            }
            bytes += noNul("environment variable", variable);
        }
        for (String argument : command) {
            bytes += noNul("command argument", argument);
        }
        bytes += noNul("entrypoint", entrypoint.orElse(""));
        bytes += noNul("user", user.orElse(""));
        bytes += noNul("working directory", workdir.orElse(""));
        if (bytes > Limits.MAX_TEXT_BYTES) {
            throw UserException.invalid("environment and command have " + bytes + " characters together; at most "
                    + Limits.MAX_TEXT_BYTES + " are allowed");
        }
        if (workdir.isPresent() && !workdir.get().startsWith("/")) {
            throw UserException.invalid("working directory '" + workdir.get() + "' must be absolute");
        }
        if (entrypoint.isPresent() && entrypoint.get().isEmpty() && command.isEmpty()) {
            throw UserException.invalid("an empty entrypoint needs a command; give one after the image");
        }
    }

    private static int noNul(String what, String text) {
        if (text.indexOf('\0') >= 0) {
            throw UserException.invalid(what + " contains a NUL character; remove it");
        }
        return text.length();
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }
}
