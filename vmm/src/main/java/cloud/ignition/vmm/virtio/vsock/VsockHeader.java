package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.Limits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The header of a packet, struct virtio_vsock_hdr (§5.10.6). Numbers of 32 bits are unsigned, whatever their type here.
 *
 * @param sourceCid who sends
 * @param destinationCid who is meant
 * @param sourcePort port of the sender
 * @param destinationPort port of the one who is meant
 * @param length bytes behind the header
 * @param type kind of socket, {@link #TYPE_STREAM}
 * @param op {@code OP_…}
 * @param flags what {@code op} knows
 * @param bufAlloc size of the sender's receive buffer for this connection
 * @param fwdCnt bytes the sender has taken out of that buffer so far, modulo 2^32
 */
record VsockHeader(
        long sourceCid,
        long destinationCid,
        int sourcePort,
        int destinationPort,
        int length,
        int type,
        int op,
        int flags,
        int bufAlloc,
        int fwdCnt) {
    /** Length of a header. */
    static final int BYTES = 44;

    static final int TYPE_STREAM = 1;

    static final int OP_REQUEST = 1;
    static final int OP_RESPONSE = 2;
    static final int OP_RST = 3;
    static final int OP_SHUTDOWN = 4;
    static final int OP_RW = 5;
    static final int OP_CREDIT_UPDATE = 6;
    static final int OP_CREDIT_REQUEST = 7;

    /** Flag of SHUTDOWN: the sender receives no more. */
    static final int SHUTDOWN_RCV = 1;

    /** Flag of SHUTDOWN: the sender sends no more. */
    static final int SHUTDOWN_SEND = 2;

    static final int SHUTDOWN_BOTH = SHUTDOWN_RCV | SHUTDOWN_SEND;

    private static final long MAX_CID = 0xffff_ffffL;

    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort LE16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Reads a header out of memory that nobody else can write. */
    static VsockHeader read(MemorySegment from) {
        return new VsockHeader(
                from.get(LE64, 0),
                from.get(LE64, 8),
                from.get(LE32, 16),
                from.get(LE32, 20),
                from.get(LE32, 24),
                Short.toUnsignedInt(from.get(LE16, 28)),
                Short.toUnsignedInt(from.get(LE16, 30)),
                from.get(LE32, 32),
                from.get(LE32, 36),
                from.get(LE32, 40));
    }

    /** Writes the header's {@link #BYTES}. */
    void write(MemorySegment to) {
        to.set(LE64, 0, sourceCid);
        to.set(LE64, 8, destinationCid);
        to.set(LE32, 16, sourcePort);
        to.set(LE32, 20, destinationPort);
        to.set(LE32, 24, length);
        to.set(LE16, 28, (short) type);
        to.set(LE16, 30, (short) op);
        to.set(LE32, 32, flags);
        to.set(LE32, 36, bufAlloc);
        to.set(LE32, 40, fwdCnt);
    }

    /**
     * Checks what a correct driver cannot get wrong. The type and whom the packet is for are not among it: users of the
     * guest choose them, and what is unknown is answered by a RST.
     *
     * @param guestCid of the device
     * @param payload bytes there are behind the header
     */
    void requireHonest(long guestCid, long payload) {
        if (sourceCid != guestCid) {
            throw new GuestLieException("packet from CID " + Long.toUnsignedString(sourceCid));
        }
        if (destinationCid < 0 || destinationCid > MAX_CID) {
            throw new GuestLieException("packet for CID " + Long.toUnsignedString(destinationCid));
        }
        if (op < OP_REQUEST || op > OP_CREDIT_REQUEST) {
            throw new GuestLieException("packet with operation " + op);
        }
        if (length < 0 || length > Limits.VSOCK_PACKET_BYTES || length > payload) {
            throw new GuestLieException(
                    "packet of " + Integer.toUnsignedString(length) + " bytes in a buffer of " + payload);
        }
        if (length > 0 && op != OP_RW) {
            throw new GuestLieException("packet of " + length + " bytes with operation " + op);
        }
        int known = op == OP_SHUTDOWN ? SHUTDOWN_BOTH : 0;
        if (type == TYPE_STREAM && (flags & ~known) != 0) {
            throw new GuestLieException("packet with operation " + op + " and flags 0x" + Integer.toHexString(flags));
        }
    }
}
