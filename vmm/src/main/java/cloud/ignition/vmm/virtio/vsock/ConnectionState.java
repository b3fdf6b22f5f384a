package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.vsock.VsockConnection.Phase;
import java.util.List;

/**
 * The state of a {@link VsockConnection}. What is buffered for the host's peer is not in it: it stays with the stream.
 *
 * @param address the ports
 * @param phase where it is in its life
 * @param greetingOwed whether the REQUEST (REQUESTED) or the RESPONSE (OPEN) is still to be sent
 * @param creditOwed whether the guest has asked for credit
 * @param creditAsked whether the guest was asked for credit and has not answered
 * @param hungUp whether the host's peer is gone
 * @param guestShutdown what the guest does no more, SHUTDOWN flags
 * @param hostShutdown what the host's peer does no more
 * @param hostShutdownTold how much of this the guest has been told
 * @param credit counters
 */
record ConnectionState(
        VsockAddress address,
        Phase phase,
        boolean greetingOwed,
        boolean creditOwed,
        boolean creditAsked,
        boolean hungUp,
        int guestShutdown,
        int hostShutdown,
        int hostShutdownTold,
        CreditState credit) {
    private static final List<Phase> PHASES = List.of(Phase.values());

    ConnectionState {
        requireFlags(guestShutdown);
        requireFlags(hostShutdown);
        requireFlags(hostShutdownTold);
        CorruptStateException.require(
                (hostShutdownTold & ~hostShutdown) == 0, "vsock: a shutdown told that was not: " + hostShutdownTold);
        CorruptStateException.require(
                phase == Phase.RESET || guestShutdown != VsockHeader.SHUTDOWN_BOTH, "vsock: a closed socket is open");
        CorruptStateException.require(
                phase != Phase.REQUESTED || (guestShutdown | hostShutdownTold) == 0,
                "vsock: a socket that is not open yet is shut down");
    }

    private static void requireFlags(int flags) {
        CorruptStateException.require(
                flags >= 0 && flags <= VsockHeader.SHUTDOWN_BOTH, "vsock shutdown flags " + flags);
    }

    /** Whether the host's end is open. */
    boolean hasStream() {
        return phase != Phase.RESET && hostShutdownTold != VsockHeader.SHUTDOWN_BOTH;
    }

    void write(StateWriter out) {
        out.u32(address.hostPort()).u32(address.guestPort()).u8(PHASES.indexOf(phase));
        out.bool(greetingOwed).bool(creditOwed).bool(creditAsked).bool(hungUp);
        out.u8(guestShutdown).u8(hostShutdown).u8(hostShutdownTold);
        credit.write(out);
    }

    static ConnectionState read(StateReader in) {
        return new ConnectionState(
                new VsockAddress(in.u32(), in.u32()),
                phase(in.u8()),
                in.bool(),
                in.bool(),
                in.bool(),
                in.bool(),
                in.u8(),
                in.u8(),
                in.u8(),
                CreditState.read(in));
    }

    private static Phase phase(int value) {
        CorruptStateException.require(value < PHASES.size(), "vsock connection in phase " + value);
        return PHASES.get(value);
    }
}
