package cloud.ignition.oci;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How to start an image's program: the {@code config} object of the OCI image configuration, checked and bounded. No
 * string holds a NUL; empty values stand for "the image does not say".
 *
 * @param entrypoint first part of the argument vector
 * @param cmd second part of the argument vector, or all of it without an entry point
 * @param env {@code NAME=value} entries
 * @param workingDir absolute path, {@code /} when the image names none
 * @param user {@code name|uid[:group|gid]}, empty for root; resolved inside the guest
 * @param exposedPorts {@code 80/tcp} and the like, sorted; protocol always present
 * @param stopSignal number on Linux x86-64, 15 (SIGTERM) when the image names none
 * @param labels the image's labels
 * @param volumes absolute paths the image wants to be volumes, sorted
 */
public record RuntimeConfig(
        List<String> entrypoint,
        List<String> cmd,
        List<String> env,
        String workingDir,
        String user,
        Set<String> exposedPorts,
        int stopSignal,
        Map<String, String> labels,
        Set<String> volumes) {

    /** Checks every part, whoever made it. */
    public RuntimeConfig {
        entrypoint = List.copyOf(entrypoint);
        cmd = List.copyOf(cmd);
        env = List.copyOf(env);
        exposedPorts = Collections.unmodifiableSet(new TreeSet<>(exposedPorts));
        labels = Map.copyOf(labels);
        volumes = Collections.unmodifiableSet(new TreeSet<>(volumes));
        long total = strings("entrypoint", entrypoint) + strings("cmd", cmd) + strings("env", env);
        if (total > Limits.MAX_CONFIG_TOTAL_BYTES) {
            throw refuse("arguments and environment have " + total + " bytes; the limit is "
                    + Limits.MAX_CONFIG_TOTAL_BYTES);
        }
        for (String variable : env) {
            if (variable.indexOf('=') <= 0) {
                throw refuse("environment entry '" + variable + "' is not NAME=value");
            }
        }
        string("working directory", workingDir);
        if (!workingDir.startsWith("/")) {
            throw refuse("working directory '" + workingDir + "' is not an absolute path");
        }
        string("user", user);
        strings("exposed port", exposedPorts);
        exposedPorts.forEach(RuntimeConfig::checkPort);
        if (stopSignal < 1 || stopSignal > 64) {
            throw refuse("stop signal " + stopSignal + " is not between 1 and 64");
        }
        strings("label", labels.keySet());
        strings("label", labels.values());
        strings("volume", volumes);
    }

    private static long strings(String what, Collection<String> values) {
        if (values.size() > Limits.MAX_CONFIG_ENTRIES) {
            throw refuse(values.size() + " entries of " + what + "; the limit is " + Limits.MAX_CONFIG_ENTRIES);
        }
        long total = 0;
        for (String value : values) {
            total += string(what, value);
        }
        return total;
    }

    private static long string(String what, String value) {
        int bytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > Limits.MAX_CONFIG_STRING_BYTES) {
            throw refuse(what + " has " + bytes + " bytes; the limit is " + Limits.MAX_CONFIG_STRING_BYTES);
        }
        if (value.indexOf('\0') >= 0) {
            throw refuse(what + " '" + value + "' holds a NUL character");
        }
        return bytes + 1L;
    }

    private static void checkPort(String text) {
        int slash = text.indexOf('/');
        String protocol = text.substring(slash + 1);
        String range = text.substring(0, Math.max(slash, 0));
        boolean known = protocol.equals("tcp") || protocol.equals("udp") || protocol.equals("sctp");
        if (!known || !range.matches("[0-9]{1,5}(-[0-9]{1,5})?")) {
            throw refuse("exposed port '" + text + "' is not PORT[-PORT]/tcp|udp|sctp");
        }
    }

    private static ImageException refuse(String why) {
        return new ImageException(ImageException.Kind.REFUSED, "image configuration: " + why);
    }
}
