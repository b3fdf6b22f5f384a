package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;

/**
 * The counters of {@link Credit}, modulo 2^32.
 *
 * @param received bytes the guest has sent
 * @param advertised fwd_cnt as the guest was told last
 * @param sent bytes the guest was sent
 * @param peerBufAlloc size of the guest's buffer, unsigned
 * @param peerFwdCnt bytes the guest says that it took
 */
record CreditState(int received, int advertised, int sent, int peerBufAlloc, int peerFwdCnt) {
    CreditState {
        int inFlight = sent - peerFwdCnt;
        CorruptStateException.require(
                inFlight >= 0 && inFlight <= Limits.VSOCK_PEER_BUFFER_BYTES, "vsock: " + inFlight + " bytes in flight");
        int untold = received - advertised;
        CorruptStateException.require(
                untold >= 0 && untold <= Limits.VSOCK_BUFFER_BYTES, "vsock: credit for " + untold + " bytes untold");
    }

    void write(StateWriter out) {
        out.u32(received).u32(advertised).u32(sent).u32(peerBufAlloc).u32(peerFwdCnt);
    }

    static CreditState read(StateReader in) {
        return new CreditState(in.u32(), in.u32(), in.u32(), in.u32(), in.u32());
    }
}
