package cloud.ignition.daemon;

import cloud.ignition.daemon.app.DaemonOptions;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.app.Vhost;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The daemon's command line.
 *
 * @param help whether only the help is wanted
 * @param socket where the API listens
 * @param options the rest
 */
record DaemonArguments(boolean help, Path socket, DaemonOptions options) {
    static final String HELP = """
            Usage: ignition daemon [OPTIONS]

            Runs the daemon in the foreground: it keeps every application, wakes it on its first packet and answers the
            other commands. Needs root, or CAP_NET_ADMIN and access to /dev/kvm. SIGTERM or Ctrl-C saves everything that
            runs and ends it; kill -9 loses only what ran since the last save. Sleeping applications are files: the next
            daemon on the same state directory finds them again.

            Options:
              --state DIR         where everything durable is (default: /var/lib/ignition)
              --socket PATH       where the API listens (default: $IGNITION_SOCKET, then /run/ignition.sock)
              --network CIDR      addresses for the applications (default: 10.88.0.0/16)
              --kernel FILE       guest kernel (default: $IGNITION_KERNEL, then the built one)
              --initramfs FILE    guest init (default: $IGNITION_INITRAMFS, then the built one)
              --vhost auto|off    auto: the kernel moves the guests' packets where /dev/vhost-net can be opened (default); off: the
                                  daemon does. Applications with --net-rate never use it
              --mirror NAME=HOST  where images of the registry NAME come from; may be repeated. A name without a registry,
                                  as in `ignition run nginx`, is one of docker.io
              -h, --help          show this help

            Examples:
              ignition daemon
              ignition daemon --state /srv/ignition --network 10.99.0.0/16
              ignition daemon --state /tmp/try/state --socket /tmp/try/ignition.sock
              ignition daemon --mirror docker.io=127.0.0.1:5000
            """;

    private static final String SOCKET_VARIABLE = "IGNITION_SOCKET";
    private static final String DEFAULT_SOCKET = "/run/ignition.sock";
    private static final String MIRROR = "--mirror";
    private static final List<String> KNOWN =
            List.of("--state", "--socket", "--network", "--kernel", "--initramfs", "--vhost", MIRROR);

    /** A registry's name and, behind the equals sign, a host with an optional port. */
    private static final Pattern MIRROR_VALUE =
            Pattern.compile("([a-z0-9.-]+(?::[0-9]{1,5})?)=([a-z0-9.-]+(?::[0-9]{1,5})?)");

    /**
     * Reads the words after {@code ignition daemon}.
     *
     * @throws UserException naming the word that does not fit
     */
    static DaemonArguments parse(List<String> words, Map<String, String> environment) {
        Map<String, String> values = new HashMap<>();
        Map<String, String> mirrors = new HashMap<>();
        int i = 0;
        while (i < words.size()) {
            String word = words.get(i++);
            if (word.equals("-h") || word.equals("--help")) {
                return new DaemonArguments(true, Path.of(DEFAULT_SOCKET), DaemonOptions.defaults());
            }
            if (word.equals("--foreground")) {
                continue;
            }
            int equals = word.indexOf('=');
            String name = equals < 0 ? word : word.substring(0, equals);
            if (!KNOWN.contains(name)) {
                throw wrong((word.startsWith("-") ? "unknown option " : "unexpected word ") + word);
            }
            if (equals < 0 && i == words.size()) {
                throw wrong("option " + name + " needs a value");
            }
            String value = equals < 0 ? words.get(i++) : word.substring(equals + 1);
            if (value.isEmpty()) {
                throw wrong("option " + name + " has an empty value");
            }
            if (name.equals(MIRROR)) {
                addMirror(mirrors, value);
            } else if (values.put(name, value) != null) {
                throw wrong("option " + name + " is given twice");
            }
        }
        return of(values, mirrors, environment);
    }

    private static void addMirror(Map<String, String> mirrors, String value) {
        Matcher parts = MIRROR_VALUE.matcher(value);
        if (!parts.matches()) {
            throw wrong("option --mirror: '" + value + "' is not NAME=HOST, as in docker.io=127.0.0.1:5000");
        }
        if (mirrors.put(parts.group(1), parts.group(2)) != null) {
            throw wrong("option --mirror names " + parts.group(1) + " twice");
        }
    }

    private static DaemonArguments of(
            Map<String, String> values, Map<String, String> mirrors, Map<String, String> environment) {
        String socket = Optional.ofNullable(values.get("--socket"))
                .or(() -> Optional.ofNullable(environment.get(SOCKET_VARIABLE)).filter(text -> !text.isEmpty()))
                .orElse(DEFAULT_SOCKET);
        DaemonOptions options = new DaemonOptions(
                path(values, "--state").orElse(DaemonOptions.DEFAULT_STATE_DIRECTORY),
                values.getOrDefault("--network", DaemonOptions.DEFAULT_NETWORK),
                path(values, "--kernel"),
                path(values, "--initramfs"),
                vhost(values.getOrDefault("--vhost", "auto")),
                mirrors);
        return new DaemonArguments(false, toPath("--socket", socket), options);
    }

    private static Vhost vhost(String value) {
        return switch (value) {
            case "auto" -> Vhost.AUTO;
            case "off" -> Vhost.OFF;
            default -> throw wrong("option --vhost: '" + value + "' is neither auto nor off");
        };
    }

    private static Optional<Path> path(Map<String, String> values, String name) {
        return Optional.ofNullable(values.get(name)).map(text -> toPath(name, text));
    }

    private static Path toPath(String name, String text) {
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw wrong("option " + name + ": '" + text + "' is not a path");
        }
    }

    private static UserException wrong(String what) {
        return UserException.invalid(what + "; see: ignition daemon --help");
    }
}
