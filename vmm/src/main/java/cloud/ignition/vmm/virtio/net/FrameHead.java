package cloud.ignition.vmm.virtio.net;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The first bytes of a frame that the guest sends, virtio header included, copied out of its memory: what is checked
 * here is what goes out, whatever the guest writes there meanwhile. Offsets below are those of the frame, behind the
 * virtio header. Used again for the next frame.
 */
final class FrameHead {
    /** Ethernet's and the longest fixed network header: IPv6's. */
    static final int FRAME_BYTES = 14 + 40;

    static final int BYTES = NetDevice.HEADER_BYTES + FRAME_BYTES;

    /** §5.1.6: flag of the virtio header, a checksum is to be completed. */
    static final int F_NEEDS_CSUM = 1;

    static final int GSO_NONE = 0;
    static final int GSO_TCPV4 = 1;
    static final int GSO_TCPV6 = 4;

    private static final int ETHERTYPE = 12;
    private static final int ETHERNET_BYTES = 14;
    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int IPV4_BYTES = 20;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV6_BYTES = 40;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int PROTOCOL_ICMP = 1;
    private static final int PROTOCOL_TCP = 6;
    private static final int PROTOCOL_UDP = 17;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int TCP_LONGEST_HEADER = 60;
    private static final int UDP_HEADER = 8;

    private static final int HEADER_FLAGS = 0;
    private static final int HEADER_GSO_TYPE = 1;
    private static final int HEADER_GSO_SIZE = 4;
    private static final int HEADER_CSUM_START = 6;

    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort BE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt BE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong BE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, Long.BYTES);
    private MemorySegment bytes = memory;
    private long frameBytes;

    /** Copies the first bytes of a chain, as many as there are of {@link #BYTES}; it has at least a virtio header. */
    void copyFrom(DescriptorChain chain) {
        bytes = memory.asSlice(0, Math.min(chain.readableBytes(), BYTES));
        chain.read(0, bytes);
        frameBytes = chain.readableBytes() - NetDevice.HEADER_BYTES;
        // §5.1.6.2.2: bits of the flags that are not known are ignored, also by whoever gets this next
        bytes.set(JAVA_BYTE, HEADER_FLAGS, (byte) (bytes.get(JAVA_BYTE, HEADER_FLAGS) & F_NEEDS_CSUM));
    }

    /** The copy itself. */
    MemorySegment bytes() {
        return bytes;
    }

    /** How long the whole frame is, without virtio header. */
    long frameBytes() {
        return frameBytes;
    }

    boolean needsChecksum() {
        return bytes.get(JAVA_BYTE, HEADER_FLAGS) != 0;
    }

    /** Where the checksum begins, and before which nothing is written. */
    int checksumStart() {
        return Short.toUnsignedInt(bytes.get(LE16, HEADER_CSUM_START));
    }

    /** VIRTIO_NET_HDR_GSO_… */
    int gsoType() {
        return Byte.toUnsignedInt(bytes.get(JAVA_BYTE, HEADER_GSO_TYPE));
    }

    /** Packets on the wire that this becomes: a segment is cut up by the host, as small as the guest says. */
    int packets() {
        if (gsoType() == GSO_NONE) {
            return 1;
        }
        long size = Math.max(1, Short.toUnsignedInt(bytes.get(LE16, HEADER_GSO_SIZE)));
        return (int) ((frameBytes + size - 1) / size); // not less the header: its length is only what the guest says
    }

    /**
     * Whether the frame carries more than headers: TCP or UDP with data, or any ICMP. Of TCP over IPv6, whose header is not copied,
     * only what is longer than the longest header counts. Fragments behind the first count. For figures, not for decisions.
     */
    boolean carriesPayload() {
        if (!has(ETHERNET_BYTES + IPV4_BYTES)) {
            return false;
        }
        int type = u16(ETHERTYPE);
        if (type == TYPE_IPV4) {
            int header = (u8(ETHERNET_BYTES) & 0xf) * 4;
            long behind = frameBytes - ETHERNET_BYTES - header;
            int dataOffset = ETHERNET_BYTES + header + TCP_DATA_OFFSET;
            return carriesPayload(
                    u8(ETHERNET_BYTES + IPV4_PROTOCOL),
                    behind,
                    has(dataOffset + 1) ? (u8(dataOffset) >> 4) * 4 : TCP_LONGEST_HEADER);
        }
        return type == TYPE_IPV6
                && has(ETHERNET_BYTES + IPV6_BYTES)
                && carriesPayload(
                        u8(ETHERNET_BYTES + IPV6_NEXT_HEADER),
                        frameBytes - ETHERNET_BYTES - IPV6_BYTES,
                        TCP_LONGEST_HEADER);
    }

    private static boolean carriesPayload(int protocol, long behindIp, int tcpHeader) {
        return switch (protocol) {
            case PROTOCOL_TCP -> behindIp > tcpHeader;
            case PROTOCOL_UDP -> behindIp > UDP_HEADER;
            case PROTOCOL_ICMP -> true;
            default -> false; // what neighbours tell each other over IPv6 is ICMP, too, but of another number
        };
    }

    /** Whether the copy has the frame's first {@code length} bytes. */
    boolean has(int length) {
        return bytes.byteSize() >= NetDevice.HEADER_BYTES + length;
    }

    int u8(int offset) {
        return Byte.toUnsignedInt(bytes.get(JAVA_BYTE, NetDevice.HEADER_BYTES + (long) offset));
    }

    int u16(int offset) {
        return Short.toUnsignedInt(bytes.get(BE16, NetDevice.HEADER_BYTES + (long) offset));
    }

    int u32(int offset) {
        return bytes.get(BE32, NetDevice.HEADER_BYTES + (long) offset);
    }

    long u48(int offset) {
        return ((long) u16(offset) << 32) | Integer.toUnsignedLong(u32(offset + 2));
    }

    long u64(int offset) {
        return bytes.get(BE64, NetDevice.HEADER_BYTES + (long) offset);
    }
}
