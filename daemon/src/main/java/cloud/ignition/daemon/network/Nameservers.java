package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.Ipv4;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The name servers that guests are told: the host's own, as far as a guest can reach them. */
public final class Nameservers {
    private static final int MAX_NAMESERVERS = 3; // what resolv.conf(5) takes
    private static final List<Path> FILES =
            List.of(Path.of("/etc/resolv.conf"), Path.of("/run/systemd/resolve/resolv.conf"));

    private Nameservers() {}

    /** IPv4 name servers, at most three; empty when the host has only ones on its loopback. */
    public static List<String> ofHost() {
        return of(FILES);
    }

    /** The first file with any that a guest can reach decides: a local stub (127.0.0.53) is only the host's. */
    static List<String> of(List<Path> files) {
        for (Path file : files) {
            List<String> servers = read(file);
            if (!servers.isEmpty()) {
                return servers;
            }
        }
        return List.of();
    }

    private static List<String> read(Path file) {
        List<String> servers = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                if (line.matches("\\s*nameserver\\s+[0-9.]+\\s*") && servers.size() < MAX_NAMESERVERS) {
                    addReachable(
                            servers,
                            line.strip().substring("nameserver".length()).strip());
                }
            }
        } catch (IOException e) {
            return List.of();
        }
        return servers;
    }

    private static void addReachable(List<String> servers, String text) {
        try {
            if (!Ipv4.parse(text).isLoopbackAddress()) {
                servers.add(text);
            }
        } catch (IllegalArgumentException e) {
            // Not an address: the host's resolver skips such a line too.
        }
    }
}
