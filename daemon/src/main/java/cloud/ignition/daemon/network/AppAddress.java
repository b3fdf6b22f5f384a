package cloud.ignition.daemon.network;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The names and addresses of one app's link, all derived from its index in the pool. The MAC addresses are derived from the
 * IPv4 addresses, so they are the same after every wake and never need to be learned.
 *
 * @param index index in the pool
 * @param host IPv4 address of the host's side, big-endian as an int
 * @param guest IPv4 address of the guest's side
 */
public record AppAddress(int index, int host, int guest) {
    /** Prefix length of each app's link. */
    public static final int PREFIX = 30;

    /** What every tap's name begins with. */
    public static final String TAP_PREFIX = "ign";

    /** Name of the tap device. */
    public String tapName() {
        return TAP_PREFIX + index;
    }

    /** Dotted address of the host's side. */
    public String hostAddress() {
        return dotted(host);
    }

    /** Dotted address of the guest's side. */
    public String guestAddress() {
        return dotted(guest);
    }

    /** The same as {@link #guestAddress}. */
    public InetAddress guestInetAddress() {
        try {
            return InetAddress.getByAddress(
                    ByteBuffer.allocate(Integer.BYTES).putInt(guest).array());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("four bytes are an address", e);
        }
    }

    /** MAC address of the host's side, written with colons. */
    public String hostMac() {
        return HexFormat.ofDelimiter(":").formatHex(hostMacBytes());
    }

    /** MAC address of the host's side, six bytes. */
    byte[] hostMacBytes() {
        return mac(host);
    }

    /** MAC address of the guest's side, six bytes. */
    public byte[] guestMac() {
        return mac(guest);
    }

    /** MAC address of the guest's side, written with colons. */
    public String guestMacText() {
        return HexFormat.ofDelimiter(":").formatHex(mac(guest));
    }

    /** The IPv6 link-local address that follows from the guest's MAC address (RFC 4291, appendix A), in full. */
    String guestLinkLocal() {
        byte[] mac = guestMac();
        return "fe80::%02x%02x:%02xff:fe%02x:%02x%02x".formatted(mac[0] ^ 2, mac[1], mac[2], mac[3], mac[4], mac[5]);
    }

    /** A locally administered unicast address (0x02) that holds the IPv4 address. */
    private static byte[] mac(int address) {
        return new byte[] {
            0x02, 0x49, (byte) (address >>> 24), (byte) (address >>> 16), (byte) (address >>> 8), (byte) address
        };
    }

    static String dotted(int address) {
        return (address >>> 24) + "." + ((address >>> 16) & 0xff) + "." + ((address >>> 8) & 0xff) + "."
                + (address & 0xff);
    }
}
