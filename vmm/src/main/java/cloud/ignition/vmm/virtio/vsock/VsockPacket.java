package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;

/** Packets in descriptor chains: a header, then its payload, cut into pieces anywhere (§5.10.6). */
final class VsockPacket {
    private VsockPacket() {}

    /**
     * Copies the header out of a packet of the guest and checks it.
     *
     * @throws GuestLieException when no correct driver makes such a packet
     */
    static VsockHeader read(DescriptorChain chain, long guestCid) {
        if (chain.writableBytes() > 0) {
            throw new GuestLieException("writable descriptor in a packet to send");
        }
        long payload = chain.readableBytes() - VsockHeader.BYTES;
        if (payload < 0) {
            throw new GuestLieException("packet of " + chain.readableBytes() + " bytes with its header");
        }
        MemorySegment copy = MemorySegment.ofArray(new byte[VsockHeader.BYTES]);
        chain.read(0, copy);
        VsockHeader header = VsockHeader.read(copy);
        header.requireHonest(guestCid, payload);
        return header;
    }

    /**
     * Checks a buffer that the guest made available for a packet.
     *
     * @throws GuestLieException when there is no room for a header and something behind it
     */
    static void requireReceiveBuffer(DescriptorChain chain) {
        if (chain.readableBytes() > 0) {
            throw new GuestLieException("readable descriptor in a receive buffer");
        }
        if (chain.writableBytes() <= VsockHeader.BYTES) {
            throw new GuestLieException("receive buffer of " + chain.writableBytes() + " bytes");
        }
    }

    /** Writes the header of a packet for the guest, whose payload is in its place. */
    static void write(DescriptorChain chain, VsockHeader header) {
        MemorySegment copy = MemorySegment.ofArray(new byte[VsockHeader.BYTES]);
        header.write(copy);
        chain.write(0, copy);
    }
}
