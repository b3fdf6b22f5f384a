package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.Limits;

/**
 * Both directions' flow control of one connection (§5.10.6.3). Counters are of bytes, modulo 2^32: only their differences
 * mean something.
 */
final class Credit {
    /** How much may be taken out of our buffer before the guest must be told, so that it never waits for room there is. */
    static final int UPDATE_BYTES = Limits.VSOCK_BUFFER_BYTES / 4;

    private int received;
    private int advertised;
    private int sent;
    private int peerBufAlloc;
    private int peerFwdCnt;

    /** All counters zero, and nothing known of the guest's buffer. */
    Credit() {}

    Credit(CreditState state) {
        received = state.received();
        advertised = state.advertised();
        sent = state.sent();
        peerBufAlloc = state.peerBufAlloc();
        peerFwdCnt = state.peerFwdCnt();
    }

    CreditState save() {
        return new CreditState(received, advertised, sent, peerBufAlloc, peerFwdCnt);
    }

    /**
     * The guest tells about its buffer.
     *
     * @throws GuestLieException when it has taken out more than was put in
     */
    void learn(int bufAlloc, int fwdCnt) {
        int taken = fwdCnt - peerFwdCnt;
        if (taken >= 0) {
            if (taken > inFlight()) {
                throw new GuestLieException("credit for " + taken + " bytes of " + inFlight() + " in flight");
            }
            peerFwdCnt = fwdCnt;
        } // else: told before what we know already, by a processor of the guest that was slower
        peerBufAlloc = bufAlloc;
    }

    /** Bytes that may be sent to the guest now. */
    int available() {
        long size = Math.min(Integer.toUnsignedLong(peerBufAlloc), Limits.VSOCK_PEER_BUFFER_BYTES);
        return Math.clamp(size - inFlight(), 0, Limits.VSOCK_PACKET_BYTES);
    }

    /** Bytes were sent to the guest, at most {@link #available}. */
    void send(int bytes) {
        sent += bytes;
    }

    /**
     * The guest has sent bytes.
     *
     * @throws GuestLieException when they are more than it was told that there is room for
     */
    void receive(int bytes) {
        int room = Limits.VSOCK_BUFFER_BYTES - (received - advertised);
        if (bytes > room) {
            throw new GuestLieException(bytes + " bytes for a connection with credit for " + room);
        }
        received += bytes;
    }

    /** What fwd_cnt is with so many bytes in our buffer. */
    int fwdCnt(int buffered) {
        return received - buffered;
    }

    /** A packet with this fwd_cnt goes to the guest. */
    void advertise(int fwdCnt) {
        advertised = fwdCnt;
    }

    /** Whether the guest must be told of the room that there is again. */
    boolean updateDue(int buffered) {
        return fwdCnt(buffered) - advertised >= UPDATE_BYTES;
    }

    /** Bytes the guest has not taken yet: 0 to {@code Limits.VSOCK_PEER_BUFFER_BYTES}, whatever the guest claims. */
    private int inFlight() {
        return sent - peerFwdCnt;
    }
}
