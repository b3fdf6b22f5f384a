package cloud.ignition.vmm.virtio.net;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Lets a guest send only as itself. The Ethernet source must be its MAC address; VLAN tags, behind which a source could
 * hide, are not for guests. When its IP addresses are given, ARP must be about, and IPv4 and IPv6 come from, one of
 * them; an IPv6 guest may also use the link-local address of its MAC and, towards multicast groups, the unspecified
 * address (RFC 4862 §5.4.2); ARP probes have no sender (RFC 5227 §2.1.1). Other protocols carry sources that nobody
 * checks here, and are refused. What IPv6 neighbour advertisements say in their body is not looked at.
 *
 * <p>A checksum that the host is to complete is written where the guest says, which must be behind the headers: otherwise
 * it would be a way to change an address that was just checked.
 */
final class SourceGuard {
    private static final int SOURCE_MAC = 6;
    private static final int ETHER_TYPE = 12;
    private static final int NETWORK = 14;

    private static final int IPV4 = 0x0800;
    private static final int ARP = 0x0806;
    private static final int IPV6 = 0x86dd;

    /** 802.1Q, 802.1ad, and what was in use before that. */
    private static final List<Integer> VLANS = List.of(0x8100, 0x88a8, 0x9100, 0x9200, 0x9300);

    private static final int IPV4_BYTES = 20;
    private static final int IPV4_SOURCE = NETWORK + 12;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_SOURCE = NETWORK + 8;
    private static final int IPV6_DESTINATION = NETWORK + 24;
    private static final int MULTICAST = 0xff;

    private static final int ARP_BYTES = 28;
    private static final long ARP_ETHERNET_IPV4 = 0x0001_0800_0604L;
    private static final int ARP_SENDER_MAC = NETWORK + 8;
    private static final int ARP_SENDER_IP = NETWORK + 14;

    private static final long LINK_LOCAL_PREFIX = 0xfe80_0000_0000_0000L;

    private final long mac;
    private final boolean anyAddress;
    private final int[] ipv4;
    private final long[] ipv6High;
    private final long[] ipv6Low;

    SourceGuard(MacAddress mac, List<InetAddress> addresses) {
        this.mac = mac.value();
        anyAddress = addresses.isEmpty();
        ipv4 = addresses.stream()
                .filter(Inet4Address.class::isInstance)
                .mapToInt(address -> ByteBuffer.wrap(address.getAddress()).getInt())
                .toArray();
        List<InetAddress> v6 =
                addresses.stream().filter(Inet6Address.class::isInstance).toList();
        ipv6High = new long[v6.size() + 1];
        ipv6Low = new long[v6.size() + 1];
        for (int i = 0; i < v6.size(); i++) {
            ByteBuffer address = ByteBuffer.wrap(v6.get(i).getAddress());
            ipv6High[i] = address.getLong(0);
            ipv6Low[i] = address.getLong(8);
        }
        ipv6High[v6.size()] = LINK_LOCAL_PREFIX;
        ipv6Low[v6.size()] = interfaceIdentifier(mac.value());
    }

    /** The modified EUI-64 of a MAC address (RFC 4291, appendix A). */
    private static long interfaceIdentifier(long mac) {
        long flipped = mac ^ (1L << 41);
        return (flipped >>> 24 << 40) | (0xfffeL << 24) | (flipped & 0xff_ffff);
    }

    /** Whether this frame, which has an Ethernet header, may go out. */
    boolean permits(FrameHead frame) {
        if (frame.u48(SOURCE_MAC) != mac) {
            return false;
        }
        int type = frame.u16(ETHER_TYPE);
        return switch (type) {
            case IPV4 -> permitsIpv4(frame);
            case IPV6 -> permitsIpv6(frame);
            case ARP -> permitsArp(frame);
            default -> anyAddress && !VLANS.contains(type) && checksumBehind(frame, NETWORK);
        };
    }

    private boolean permitsIpv4(FrameHead frame) {
        if (!frame.has(NETWORK + IPV4_BYTES) || frame.u8(NETWORK) >>> 4 != 4) {
            return false;
        }
        int headerBytes = Math.max(IPV4_BYTES, 4 * (frame.u8(NETWORK) & 0xf));
        return checksumBehind(frame, NETWORK + headerBytes) && isOwnIpv4(frame.u32(IPV4_SOURCE));
    }

    private boolean permitsIpv6(FrameHead frame) {
        if (!frame.has(NETWORK + IPV6_BYTES) || frame.u8(NETWORK) >>> 4 != 6) {
            return false;
        }
        return checksumBehind(frame, NETWORK + IPV6_BYTES)
                && isOwnIpv6(
                        frame.u64(IPV6_SOURCE),
                        frame.u64(IPV6_SOURCE + Long.BYTES),
                        frame.u8(IPV6_DESTINATION) == MULTICAST);
    }

    private boolean permitsArp(FrameHead frame) {
        if (!frame.has(NETWORK + ARP_BYTES) || frame.u48(NETWORK) != ARP_ETHERNET_IPV4) {
            return false;
        }
        int sender = frame.u32(ARP_SENDER_IP);
        return !frame.needsChecksum() && frame.u48(ARP_SENDER_MAC) == mac && (sender == 0 || isOwnIpv4(sender));
    }

    private static boolean checksumBehind(FrameHead frame, int headers) {
        return !frame.needsChecksum() || frame.checksumStart() >= headers;
    }

    private boolean isOwnIpv4(int address) {
        boolean own = anyAddress;
        for (int candidate : ipv4) {
            own |= candidate == address;
        }
        return own;
    }

    private boolean isOwnIpv6(long high, long low, boolean toMulticast) {
        boolean own = anyAddress || (high == 0 && low == 0 && toMulticast);
        for (int i = 0; i < ipv6High.length; i++) {
            own |= ipv6High[i] == high && ipv6Low[i] == low;
        }
        return own;
    }
}
