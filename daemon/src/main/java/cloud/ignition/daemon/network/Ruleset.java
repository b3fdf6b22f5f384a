package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.Protocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

/**
 * The daemon's whole nftables table as text, from what is published now. Applied in one transaction; connections that are
 * open keep their address translation, which the kernel holds in their conntrack entries, not in the table.
 */
final class Ruleset {
    /** Name of the daemon's table; {@link FrameGuard} has another one of this name in family netdev. */
    static final String TABLE = "ignition";

    private Ruleset() {}

    /** Replaces the table whether or not it exists. */
    static String replacing(AddressPool pool, SortedMap<AppAddress, List<PortMapping>> apps, Set<AppAddress> heldBack) {
        return removing() + table(pool, apps, heldBack);
    }

    /** Removes the table whether or not it exists. */
    static String removing() {
        // "delete" fails on a table that is not there; declaring it first makes it be there.
        return "table ip " + TABLE + " {}\ndelete table ip " + TABLE + "\n";
    }

    private static String table(
            AddressPool pool, SortedMap<AppAddress, List<PortMapping>> apps, Set<AppAddress> heldBack) {
        StringBuilder maps = new StringBuilder();
        for (Protocol protocol : Protocol.values()) {
            maps.append(map(protocol.word() + "_any", "inet_service", anyElements(apps, protocol)));
            maps.append(map(protocol.word() + "_one", "ipv4_addr . inet_service", oneElements(apps, protocol)));
        }
        return """
            table ip %1$s {
            %3$s
                set guests {
                    type ifname . ipv4_addr
            %4$s    }

                set held_back {
                    type ipv4_addr
            %6$s    }

                # A guest may only speak as itself, and never to the host's loopback: route_localnet, which
                # published ports on 127.0.0.1 need, would let it in otherwise (CVE-2020-8558).
                chain guard {
                    type filter hook prerouting priority raw; policy accept;
                    iifname "%5$s*" ip daddr 127.0.0.0/8 drop
                    iifname "%5$s*" iifname . ip saddr != @guests drop
                }

                chain from_outside {
                    type nat hook prerouting priority dstnat; policy accept;
                    fib daddr type local jump publish
                }

                chain from_host {
                    type nat hook output priority -100; policy accept;
                    fib daddr type local jump publish
                }

                chain publish {
                    dnat ip to ip daddr . tcp dport map @tcp_one
                    dnat ip to ip daddr . udp dport map @udp_one
                    dnat ip to tcp dport map @tcp_any
                    dnat ip to udp dport map @udp_any
                }

                chain source {
                    type nat hook postrouting priority srcnat; policy accept;
                    oifname "%5$s*" ip saddr 127.0.0.0/8 masquerade
                    oifname "%5$s*" ip saddr %2$s ct status dnat masquerade
                    ip saddr %2$s oifname != "%5$s*" oifname != "lo" masquerade
                }

                # Apps are reached through published ports only; what nobody asked for must not wake one.
                chain forward {
                    type filter hook forward priority filter; policy accept;
                    ip daddr @held_back ct state new drop
                    oifname "%5$s*" ct status dnat accept
                    oifname "%5$s*" ct state established,related accept
                    oifname "%5$s*" drop
                }

                # What the host itself sends: nothing new to a guest whose application does not listen yet, and none of the
                # broadcasts and multicasts that programs of the host send on every link would wake every app.
                chain from_host_itself {
                    type filter hook output priority filter; policy accept;
                    ip daddr @held_back ct state new drop
                    oifname "%5$s*" fib daddr type != unicast drop
                }
            }
            """.formatted(
                TABLE, pool, maps, elements(guests(apps)), AppAddress.TAP_PREFIX, elements(addresses(heldBack)));
    }

    private static List<String> guests(SortedMap<AppAddress, List<PortMapping>> apps) {
        return apps.keySet().stream()
                .map(app -> "\"" + app.tapName() + "\" . " + app.guestAddress())
                .toList();
    }

    private static List<String> addresses(Set<AppAddress> apps) {
        return apps.stream().map(AppAddress::guestAddress).sorted().toList();
    }

    private static List<String> anyElements(SortedMap<AppAddress, List<PortMapping>> apps, Protocol protocol) {
        List<String> elements = new ArrayList<>();
        for (Map.Entry<AppAddress, List<PortMapping>> app : apps.entrySet()) {
            for (PortMapping port : app.getValue()) {
                if (port.protocol() == protocol && port.hostAddress().isEmpty()) {
                    elements.add(port.hostPort() + " : " + target(app.getKey(), port));
                }
            }
        }
        return elements;
    }

    private static List<String> oneElements(SortedMap<AppAddress, List<PortMapping>> apps, Protocol protocol) {
        List<String> elements = new ArrayList<>();
        for (Map.Entry<AppAddress, List<PortMapping>> app : apps.entrySet()) {
            for (PortMapping port : app.getValue()) {
                if (port.protocol() == protocol && port.hostAddress().isPresent()) {
                    elements.add(port.hostAddress().get().getHostAddress() + " . " + port.hostPort() + " : "
                            + target(app.getKey(), port));
                }
            }
        }
        return elements;
    }

    private static String target(AppAddress app, PortMapping port) {
        return app.guestAddress() + " . " + port.guestPort();
    }

    private static String map(String name, String key, List<String> elements) {
        return "    map " + name + " {\n        type " + key + " : ipv4_addr . inet_service\n" + elements(elements)
                + "    }\n\n";
    }

    static String elements(List<String> elements) {
        return elements.isEmpty() ? "" : "        elements = { " + String.join(",\n            ", elements) + " }\n";
    }
}
