package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Drops what a guest sends as somebody else where the host's kernel takes it from the tap, before anything looks at it: the same rules as the
 * machine's own guard has ({@code SourceGuard} in the vmm), for machines whose frames do not pass there. One table of family netdev with a hook
 * on each tap, always replaced as a whole. Guarded by its owner's lock but for {@link #covers}.
 */
final class FrameGuard {
    private static final System.Logger LOG = System.getLogger(FrameGuard.class.getName());
    private static final Path INTERFACES = Path.of("/sys/class/net");

    private volatile Set<Integer> covered = Set.of();
    private String complaint = "";

    /** Whether frames of this tap's guest are looked at. */
    boolean covers(AppAddress address) {
        return covered.contains(address.index());
    }

    /** Looks at the frames of these apps, and of no others. What cannot be guarded is logged, and not {@link #covers covered}. */
    void apply(Collection<AppAddress> apps) {
        List<AppAddress> there = apps.stream()
                .filter(app -> Files.exists(INTERFACES.resolve(app.tapName())))
                .toList();
        try {
            HostTool.NFT.run(there.isEmpty() ? removing() : replacing(there), List.of("-f", "-"));
            covered = there.stream().map(AppAddress::index).collect(Collectors.toUnmodifiableSet());
            complaint = "";
        } catch (UserException e) {
            // A transaction: the former rules stay for who runs. But a tap may have been made anew since, and have
            // none.
            covered = Set.of();
            if (!complaint.equals(e.getMessage())) {
                complaint = String.valueOf(e.getMessage());
                LOG.log(
                        System.Logger.Level.WARNING,
                        "no vhost-net for apps that start or wake now, their frames cannot be guarded: " + complaint);
            }
        }
    }

    /** Takes away what a former daemon left. */
    static void reap() {
        try {
            HostTool.NFT.run(removing(), List.of("-f", "-"));
        } catch (UserException e) {
            LOG.log(System.Logger.Level.DEBUG, "no table of family netdev to remove", e); // a kernel without has none
        }
    }

    /** Removes the table whether or not it exists. */
    static String removing() {
        return "table netdev " + Ruleset.TABLE + " {}\ndelete table netdev " + Ruleset.TABLE + "\n";
    }

    /** Replaces the table whether or not it exists; the taps do. */
    static String replacing(List<AppAddress> apps) {
        return removing()
                + """
            table netdev %1$s {
                set stations {
                    type ifname . ether_addr
            %2$s    }

                set sources {
                    type ifname . ipv4_addr
            %3$s    }

                # Of the MAC address, RFC 4291 appendix A.
                set link_local {
                    type ifname . ipv6_addr
            %4$s    }

                chain from_ipv4 {
                    iifname . ip saddr @sources accept
                    counter drop
                }

                # A probe has no sender, RFC 5227.
                chain from_arp {
                    arp htype 1 arp ptype ip arp hlen 6 arp plen 4 iifname . arp saddr ether @stations arp saddr ip 0.0.0.0 accept
                    arp htype 1 arp ptype ip arp hlen 6 arp plen 4 iifname . arp saddr ether @stations iifname . arp saddr ip @sources accept
                    counter drop
                }

                # The second one looks whether its address is taken, RFC 4862.
                chain from_ipv6 {
                    iifname . ip6 saddr @link_local accept
                    ip6 saddr :: ip6 daddr ff00::/8 accept
                    counter drop
                }

                # Other protocols carry sources that nobody checks, and VLAN tags hide them.
                chain guard {
                    iifname . ether saddr != @stations counter drop
                    ether type vmap { ip : goto from_ipv4, arp : goto from_arp, ip6 : goto from_ipv6 }
                    counter drop
                }
            %5$s}
            """.formatted(
                                Ruleset.TABLE,
                                elements(apps, AppAddress::guestMacText),
                                elements(apps, AppAddress::guestAddress),
                                elements(apps, AppAddress::guestLinkLocal),
                                apps.stream().map(FrameGuard::hook).collect(Collectors.joining()));
    }

    private static String elements(List<AppAddress> apps, Function<AppAddress, String> source) {
        return Ruleset.elements(apps.stream()
                .map(app -> "\"" + app.tapName() + "\" . " + source.apply(app))
                .toList());
    }

    private static String hook(AppAddress app) {
        return """

                chain %1$s {
                    type filter hook ingress device "%1$s" priority -500; policy drop;
                    goto guard
                }
            """.formatted(app.tapName());
    }
}
