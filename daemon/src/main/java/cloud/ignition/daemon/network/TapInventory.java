package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.Ipv4;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The taps that former daemons left on this host. */
final class TapInventory {
    private static final Path INTERFACES = Path.of("/sys/class/net");

    private TapInventory() {}

    /**
     * Deletes taps that have our kind of name and an address of our pool, that no process has open, and that belong to
     * no app. Returns their names.
     */
    static List<String> reap(AddressPool pool, Set<String> wanted) {
        List<String> reaped = new ArrayList<>();
        for (String name : unused()) {
            if (!wanted.contains(name) && isOurs(pool, name)) {
                HostTool.IP.run("", List.of("link", "delete", "dev", name));
                reaped.add(name);
            }
        }
        return reaped;
    }

    private static List<String> unused() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(INTERFACES, AppAddress.TAP_PREFIX + "*")) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (name.matches(AppAddress.TAP_PREFIX + "[0-9]+")
                        && Files.exists(entry.resolve("tun_flags"))
                        && !hasCarrier(entry)) {
                    names.add(name);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return names;
    }

    /** A tap has a carrier while a process has it open. Reading the file fails (EINVAL) while the link is down. */
    private static boolean hasCarrier(Path entry) {
        try {
            return Files.readString(entry.resolve("carrier"), StandardCharsets.US_ASCII)
                    .strip()
                    .equals("1");
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isOurs(AddressPool pool, String name) {
        // One line: "7: ign0    inet 10.88.0.1/30 scope global ign0 …"; nothing when the setup never got that far.
        String line = HostTool.IP
                .run("", List.of("-oneline", "-4", "address", "show", "dev", name))
                .strip();
        if (line.isEmpty()) {
            return true;
        }
        String address = line.replaceFirst("(?s).* inet ([0-9.]+)/.*", "$1");
        try {
            return pool.contains(Ipv4.parse(address));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
