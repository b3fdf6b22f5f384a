package cloud.ignition.vmm.virtio.vsock;

import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_CREDIT_REQUEST;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_CREDIT_UPDATE;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_REQUEST;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RESPONSE;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RST;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RW;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_SHUTDOWN;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.SHUTDOWN_BOTH;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.SHUTDOWN_RCV;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.SHUTDOWN_SEND;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Errno;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One connection: what the guest's packets do to it, what its stream on the host does to it, and which packet it owes the
 * guest. It never has packets that wait: it knows what is owed and makes the packet when there is a buffer for it.
 */
final class VsockConnection {
    /** Where a connection is in its life. The order is that of the saved form. */
    enum Phase {
        /** Asked for by the host; the guest has not answered yet. */
        REQUESTED,
        /** Both sides know of it. */
        OPEN,
        /** Over; the guest is owed a RST. The stream is closed. */
        RESET
    }

    private final VsockAddress address;
    private final Credit credit;
    private @Nullable VsockStream stream;
    private Phase phase;

    /** The REQUEST or the RESPONSE has not been sent yet. */
    private boolean greetingOwed;

    private boolean creditOwed;

    /** The guest was asked for credit since it last told of it. */
    private boolean creditAsked;

    private int guestShutdown;
    private int hostShutdown;
    private int hostShutdownTold;

    /** There may be bytes of the host's peer. */
    private boolean readable = true;

    /** The peer is gone: nothing can be written to it, and what it wrote is in the stream already. */
    private boolean hungUp;

    /**
     * A new connection.
     *
     * @param phase REQUESTED when the host asks for it, OPEN when the guest does
     */
    VsockConnection(VsockAddress address, VsockStream stream, Phase phase) {
        this.address = address;
        this.stream = stream;
        this.phase = phase;
        this.credit = new Credit();
        this.greetingOwed = true;
    }

    /** A saved one, with its stream if it had one. */
    VsockConnection(ConnectionState state, @Nullable VsockStream stream) {
        this.address = state.address();
        this.stream = stream;
        this.phase = state.phase();
        this.credit = new Credit(state.credit());
        this.greetingOwed = state.greetingOwed();
        this.creditOwed = state.creditOwed();
        this.creditAsked = state.creditAsked();
        this.hungUp = state.hungUp();
        this.guestShutdown = state.guestShutdown();
        this.hostShutdown = state.hostShutdown();
        this.hostShutdownTold = state.hostShutdownTold();
    }

    ConnectionState save() {
        return new ConnectionState(
                address,
                phase,
                greetingOwed,
                creditOwed,
                creditAsked,
                hungUp,
                guestShutdown,
                hostShutdown,
                hostShutdownTold,
                credit.save());
    }

    VsockAddress address() {
        return address;
    }

    /** The host's end, as long as it is open. */
    Optional<VsockStream> stream() {
        return Optional.ofNullable(stream);
    }

    // ---- what the guest does ----

    /** A packet of the guest for this connection; false when the connection is over with it, and nothing is owed. */
    boolean receive(VsockHeader header, DescriptorChain chain) {
        if (phase == Phase.RESET) {
            return header.op() != OP_RST;
        }
        if (header.op() == OP_RST) {
            closeStream();
            return false;
        }
        learnCredit(header);
        switch (header.op()) {
            case OP_RESPONSE -> respond();
            case OP_RW -> receiveData(chain, header.length());
            case OP_SHUTDOWN -> shutDown(header.flags());
            case OP_CREDIT_REQUEST -> creditOwed = true;
            case OP_CREDIT_UPDATE -> {} // learned already
            default -> reset(); // a second REQUEST
        }
        return true;
    }

    /** Every packet of the guest tells of its buffer. */
    void learnCredit(VsockHeader header) {
        credit.learn(header.bufAlloc(), header.fwdCnt());
        creditAsked = false;
    }

    private void respond() {
        if (phase != Phase.REQUESTED || greetingOwed || stream == null) {
            reset();
            return;
        }
        phase = Phase.OPEN;
        if (stream.accepted(address.hostPort()) < 0) {
            reset();
        }
    }

    private void receiveData(DescriptorChain chain, int length) {
        if (phase != Phase.OPEN || (guestShutdown & SHUTDOWN_SEND) != 0) {
            reset();
            return;
        }
        credit.receive(length);
        if (length > 0 && stream != null && (hostShutdown & SHUTDOWN_RCV) == 0) {
            noteWrite(stream.write(chain, VsockHeader.BYTES, length));
        }
    }

    private void shutDown(int flags) {
        if (phase != Phase.OPEN) {
            reset();
            return;
        }
        int added = flags & ~guestShutdown;
        guestShutdown |= flags;
        VsockStream open = stream;
        if (guestShutdown == SHUTDOWN_BOTH) {
            // What is buffered goes on to the peer without us: the guest need not wait for it.
            if (open != null) {
                open.closeWhenFlushed();
                stream = null;
            }
            phase = Phase.RESET;
        } else if (open != null && (added & SHUTDOWN_RCV) != 0) {
            open.endReads();
        } else if (open != null && (added & SHUTDOWN_SEND) != 0 && open.buffered() == 0) {
            open.endWrites();
        }
    }

    // ---- what the host does ----

    /** Something has happened at the stream. */
    void onReady(int epollEvents) {
        VsockStream open = stream;
        if (open == null) {
            return;
        }
        if ((epollEvents & Epoll.HUP) != 0) {
            hungUp = true;
        }
        if ((epollEvents & ~Epoll.OUT) != 0) {
            readable = true;
        }
        flush(open);
        if (hungUp && phase == Phase.REQUESTED) {
            reset();
        } else if (hungUp && ((hostShutdown & SHUTDOWN_SEND) != 0 || (guestShutdown & SHUTDOWN_RCV) != 0)) {
            hostShutdown = SHUTDOWN_BOTH; // no bytes are to come from it that anybody wants
        }
    }

    private void flush(VsockStream open) {
        if (open.buffered() > 0) {
            noteWrite(open.flush());
            if (open.buffered() == 0 && (guestShutdown & SHUTDOWN_SEND) != 0) {
                open.endWrites();
            }
        }
    }

    private void noteWrite(int result) {
        if (result < 0) {
            hostShutdown |= SHUTDOWN_RCV;
        }
    }

    // ---- what is sent to the guest ----

    /** Whether there is a packet for the guest, as far as can be seen without reading the stream. */
    boolean wantsToSend() {
        return urgent() != 0 || mayRead() || late() != 0;
    }

    /** Whether nothing more will ever be sent or expected after the packet just sent. */
    boolean isOver() {
        return phase == Phase.RESET;
    }

    /**
     * Fills a receive buffer.
     *
     * @param vector to be used
     * @return bytes written to the chain; 0 when there was no packet after all
     */
    long send(DescriptorChain chain, IoVector vector, long guestCid) {
        int op = urgent();
        int length = 0;
        if (op == 0 && mayRead()) {
            length = read(chain, vector);
            op = length > 0 ? OP_RW : urgent();
        }
        if (op == 0) {
            op = late();
        }
        if (op == 0) {
            return 0;
        }
        VsockPacket.write(chain, header(op, length, guestCid));
        note(op, length);
        return VsockHeader.BYTES + (long) length;
    }

    private VsockHeader header(int op, int length, long guestCid) {
        return new VsockHeader(
                VsockConfig.HOST_CID,
                guestCid,
                address.hostPort(),
                address.guestPort(),
                length,
                VsockHeader.TYPE_STREAM,
                op,
                op == OP_SHUTDOWN ? hostShutdown : 0,
                Limits.VSOCK_BUFFER_BYTES,
                credit.fwdCnt(buffered()));
    }

    private void note(int op, int length) {
        credit.send(length);
        credit.advertise(credit.fwdCnt(buffered()));
        creditOwed = false;
        switch (op) {
            case OP_REQUEST, OP_RESPONSE -> greetingOwed = false;
            case OP_SHUTDOWN -> shutdownTold();
            case OP_CREDIT_REQUEST -> creditAsked = true;
            default -> {}
        }
    }

    private void shutdownTold() {
        hostShutdownTold = hostShutdown;
        if (hostShutdown == SHUTDOWN_BOTH) {
            closeStream(); // what remains is to hear the guest say that it is done, too
        }
    }

    /** What goes before data. */
    private int urgent() {
        if (phase == Phase.RESET) {
            return OP_RST;
        }
        if (greetingOwed) {
            return phase == Phase.REQUESTED ? OP_REQUEST : OP_RESPONSE;
        }
        return 0;
    }

    /** What goes when there are no data to be sent, which would say it too. */
    private int late() {
        if (phase != Phase.OPEN) {
            return 0;
        }
        if (hostShutdown != hostShutdownTold) {
            return OP_SHUTDOWN;
        }
        if (creditOwed || credit.updateDue(buffered())) {
            return OP_CREDIT_UPDATE;
        }
        return mightRead() && credit.available() == 0 && !creditAsked ? OP_CREDIT_REQUEST : 0;
    }

    private boolean mayRead() {
        return mightRead() && credit.available() > 0;
    }

    private boolean mightRead() {
        return readable
                && stream != null
                && phase == Phase.OPEN
                && (hostShutdown & SHUTDOWN_SEND) == 0
                && (guestShutdown & SHUTDOWN_RCV) == 0;
    }

    private int read(DescriptorChain chain, IoVector vector) {
        VsockStream open = stream;
        if (open == null) {
            return 0;
        }
        long room = Math.min(chain.writableBytes() - VsockHeader.BYTES, credit.available());
        vector.clear();
        chain.addWritable(vector, VsockHeader.BYTES, room);
        long count = open.read(vector);
        if (count > 0) {
            return (int) count;
        }
        readable = false;
        if (count == 0) {
            hostShutdown |= hungUp ? SHUTDOWN_BOTH : SHUTDOWN_SEND;
        } else if (count != -Errno.EAGAIN) {
            reset();
        }
        return 0;
    }

    private int buffered() {
        return stream == null ? 0 : stream.buffered();
    }

    /** Ends the connection; the guest is owed a RST. */
    private void reset() {
        closeStream();
        phase = Phase.RESET;
    }

    /** Ends the host's end. */
    void closeStream() {
        if (stream != null) {
            stream.close();
            stream = null;
        }
    }
}
