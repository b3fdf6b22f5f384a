package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;

/**
 * A RST that is owed for a packet of no connection.
 *
 * @param cid whom the packet was for, 32 bits
 * @param type the packet's, 16 bits
 * @param address its ports
 */
record Refusal(long cid, int type, VsockAddress address) {
    Refusal {
        CorruptStateException.require(cid >= 0 && cid >>> 32 == 0, "vsock refusal of CID " + cid);
        CorruptStateException.require(type >= 0 && type <= 0xffff, "vsock refusal of type " + type);
    }

    static Refusal of(VsockHeader header) {
        return new Refusal(
                header.destinationCid(),
                header.type(),
                new VsockAddress(header.destinationPort(), header.sourcePort()));
    }

    VsockHeader header(long guestCid) {
        return new VsockHeader(
                cid, guestCid, address.hostPort(), address.guestPort(), 0, type, VsockHeader.OP_RST, 0, 0, 0);
    }

    void write(StateWriter out) {
        out.u64(cid).u16(type).u32(address.hostPort()).u32(address.guestPort());
    }

    static Refusal read(StateReader in) {
        return new Refusal(in.u64(), in.u16(), new VsockAddress(in.u32(), in.u32()));
    }
}
