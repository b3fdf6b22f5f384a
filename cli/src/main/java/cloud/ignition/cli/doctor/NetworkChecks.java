package cloud.ignition.cli.doctor;

import java.nio.file.Files;
import java.util.List;

/** What publishing ports and waking on packets needs. */
final class NetworkChecks {
    private static final String FORWARDING = "/proc/sys/net/ipv4/ip_forward";
    private static final int CAP_NET_ADMIN = 12;

    private NetworkChecks() {}

    static List<Finding> run(Host host) {
        return List.of(
                tun(host),
                vhost(host),
                Programs.check(host, "ip", "iproute2", "network devices and routes"),
                Programs.check(host, "nft", "nftables", "published ports"),
                forwarding(host),
                privilege(host));
    }

    private static Finding tun(Host host) {
        String device = "/dev/net/tun";
        if (!Files.exists(host.path(device))) {
            return Finding.fail(device, "does not exist", "load the module: modprobe tun");
        }
        return Finding.ok(device, "exists");
    }

    /** Not missed: the daemon does without. */
    private static Finding vhost(Host host) {
        String device = "/dev/vhost-net";
        if (!Files.exists(host.path(device))) {
            return Finding.ok(
                    device, "not there; the daemon moves packets itself (modprobe vhost_net lets the kernel do it)");
        }
        return Finding.ok(device, "exists; the kernel moves packets, unless the daemon runs with --vhost off");
    }

    private static Finding forwarding(Host host) {
        String subject = "IPv4 forwarding";
        if (host.firstLine(FORWARDING).map(String::strip).filter("1"::equals).isPresent()) {
            return Finding.ok(subject, "on");
        }
        return Finding.warn(
                subject, "off", "the daemon turns it on when it starts; by hand: sysctl -w net.ipv4.ip_forward=1");
    }

    private static Finding privilege(Host host) {
        String subject = "privilege";
        boolean netAdmin = host.lines("/proc/self/status").stream()
                .filter(line -> line.startsWith("CapEff:"))
                .map(line -> line.substring("CapEff:".length()).strip())
                .filter(hex -> hex.matches("[0-9a-fA-F]{1,16}"))
                .anyMatch(hex -> (Long.parseUnsignedLong(hex, 16) >> CAP_NET_ADMIN & 1) == 1);
        if (netAdmin) {
            return Finding.ok(subject, "CAP_NET_ADMIN");
        }
        return Finding.warn(
                subject,
                "no CAP_NET_ADMIN here: a daemon of this user could make no network devices",
                "run the daemon as root");
    }
}
