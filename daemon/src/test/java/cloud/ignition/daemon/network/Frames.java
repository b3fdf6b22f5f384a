package cloud.ignition.daemon.network;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Ethernet frames as a guest may send them. */
final class Frames {
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_ARP = 0x0806;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int ETHER_TYPE = 12;
    private static final int ETHERNET = 14;
    private static final int SHORTEST = 60;
    private static final int UDP = 17;
    private static final int NO_NEXT_HEADER = 59;
    private static final int PORT = 7777;
    private static final byte[] BROADCAST = {-1, -1, -1, -1, -1, -1};

    private Frames() {}

    /** A datagram to port 7777. */
    static byte[] udp(byte[] toMac, byte[] fromMac, int from, int to, String text) {
        byte[] payload = text.getBytes(StandardCharsets.US_ASCII);
        int udpBytes = 8 + payload.length;
        ByteBuffer frame = ByteBuffer.allocate(Math.max(SHORTEST, ETHERNET + 20 + udpBytes));
        ethernet(frame, toMac, fromMac, TYPE_IPV4);
        frame.putShort((short) 0x4500).putShort((short) (20 + udpBytes)).putInt(0);
        frame.put((byte) 64).put((byte) UDP).putShort((short) 0).putInt(from).putInt(to);
        int sum = 0;
        for (int at = ETHERNET; at < ETHERNET + 20; at += 2) {
            sum += Short.toUnsignedInt(frame.getShort(at));
        }
        frame.putShort(ETHERNET + 10, (short) ~((sum & 0xffff) + (sum >>> 16)));
        frame.putShort((short) PORT).putShort((short) PORT).putShort((short) udpBytes);
        frame.putShort((short) 0).put(payload); // no checksum: IPv4 allows that
        return frame.array();
    }

    /** A question for an address of nobody. */
    static byte[] arp(byte[] fromMac, byte[] senderMac, int sender) {
        ByteBuffer frame = ByteBuffer.allocate(SHORTEST);
        ethernet(frame, BROADCAST, fromMac, TYPE_ARP);
        frame.putShort((short) 1)
                .putShort((short) TYPE_IPV4)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 1);
        frame.put(senderMac).putInt(sender).put(new byte[6]).putInt(0x7f7f7f7f);
        return frame.array();
    }

    /** A packet with nothing in it. */
    static byte[] ipv6(byte[] fromMac, String from, String to) {
        ByteBuffer frame = ByteBuffer.allocate(SHORTEST);
        ethernet(frame, BROADCAST, fromMac, TYPE_IPV6);
        frame.putInt(6 << 28).putShort((short) 0).put((byte) NO_NEXT_HEADER).put((byte) 255);
        frame.put(InetAddress.ofLiteral(from).getAddress());
        frame.put(InetAddress.ofLiteral(to).getAddress());
        return frame.array();
    }

    /** The same frame behind a VLAN tag. */
    static byte[] tagged(int protocol, byte[] frame) {
        ByteBuffer tagged = ByteBuffer.allocate(frame.length + 4);
        tagged.put(frame, 0, ETHER_TYPE);
        tagged.putShort((short) protocol).putShort((short) 0); // VLAN 0: of no network but its own priority
        tagged.put(frame, ETHER_TYPE, frame.length - ETHER_TYPE);
        return tagged.array();
    }

    /** The same frame, called one of another protocol. */
    static byte[] ofType(int type, byte[] frame) {
        byte[] changed = frame.clone();
        ByteBuffer.wrap(changed).putShort(ETHER_TYPE, (short) type);
        return changed;
    }

    private static void ethernet(ByteBuffer frame, byte[] to, byte[] from, int type) {
        frame.put(to).put(from).putShort((short) type);
    }
}
