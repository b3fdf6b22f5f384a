package cloud.ignition.vmm.virtio.vsock;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** One stream socket of a {@link VsockGuest}, honest about credit. */
final class GuestSocket {
    final VsockAddress address;
    final int bufAlloc;
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private VsockGuest guest;
    private int sent;
    private int taken;
    private int hostBufAlloc;
    private int hostFwdCnt;
    int shutdown;
    boolean reset;
    boolean creditAsked;

    GuestSocket(VsockGuest guest, VsockAddress address, int bufAlloc) {
        this.guest = guest;
        this.address = address;
        this.bufAlloc = bufAlloc;
    }

    /** The same socket after a restore. */
    void in(VsockGuest other) {
        guest = other;
    }

    VsockHeader header(int op, int length, int flags) {
        return new VsockHeader(
                VsockGuest.CID,
                VsockConfig.HOST_CID,
                address.guestPort(),
                address.hostPort(),
                length,
                VsockHeader.TYPE_STREAM,
                op,
                flags,
                bufAlloc,
                taken);
    }

    void send(int op) {
        guest.send(header(op, 0, 0));
    }

    void shutDown(int flags) {
        guest.send(header(VsockHeader.OP_SHUTDOWN, 0, flags));
    }

    /** Sends as much as there is credit for; returns how much. */
    int write(byte[] bytes, int offset) {
        int free = hostBufAlloc - (sent - hostFwdCnt);
        int length = Math.min(Math.min(free, bytes.length - offset), 40_000);
        if (length > 0) {
            sent += length;
            guest.sendQuietly(header(VsockHeader.OP_RW, length, 0), Arrays.copyOfRange(bytes, offset, offset + length));
        }
        return length;
    }

    void write(byte... bytes) {
        for (int done = 0; done < bytes.length; done += write(bytes, done)) {
            guest.pump();
            take();
        }
        guest.pump();
    }

    /** Takes everything that arrived for this socket. */
    void take() {
        for (VsockGuest.Packet packet = guest.poll(); packet != null; packet = guest.poll()) {
            VsockHeader header = packet.header();
            if (!new VsockAddress(header.sourcePort(), header.destinationPort()).equals(address)) {
                throw new AssertionError("a packet for another socket: " + header);
            }
            if (header.op() != VsockHeader.OP_RST) {
                hostBufAlloc = header.bufAlloc();
                hostFwdCnt = header.fwdCnt();
            }
            switch (header.op()) {
                case VsockHeader.OP_RW -> {
                    received.writeBytes(packet.payload());
                    if (received.size() - taken > bufAlloc) {
                        throw new AssertionError("more than there was credit for");
                    }
                }
                case VsockHeader.OP_SHUTDOWN -> shutdown = header.flags();
                case VsockHeader.OP_RST -> reset = true;
                case VsockHeader.OP_CREDIT_REQUEST -> creditAsked = true;
                default -> {}
            }
        }
    }

    /** The application reads everything, so that there is credit again. */
    void read() {
        take();
        boolean any = taken != received.size();
        taken = received.size();
        if (any) {
            send(VsockHeader.OP_CREDIT_UPDATE);
        }
    }
}
