package cloud.ignition.daemon.network;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A network namespace of this host, so that tests of rules and taps leave the host's own network alone. */
final class NetworkNamespace implements AutoCloseable {
    private final String name;

    private NetworkNamespace(String name) {
        this.name = name;
    }

    /** Whether this host and user can make one. */
    static boolean available() {
        return System.getProperty("user.name").equals("root")
                && Files.exists(Path.of("/dev/net/tun"))
                && Files.exists(Path.of("/usr/sbin/nft"))
                && Files.exists(Path.of("/usr/sbin/ip"));
    }

    static NetworkNamespace create() {
        String name = "ignition-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime() % 100_000;
        execute("", List.of("ip", "netns", "add", name));
        NetworkNamespace namespace = new NetworkNamespace(name);
        namespace.run("", "ip", "link", "set", "lo", "up");
        return namespace;
    }

    /** Runs a command in the namespace; its output, or an error when it fails. */
    String run(String input, String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return execute(input, all);
    }

    private static String execute(String input, List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output + "\n" + input);
            }
            return output;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        execute("", List.of("ip", "netns", "delete", name));
    }
}
