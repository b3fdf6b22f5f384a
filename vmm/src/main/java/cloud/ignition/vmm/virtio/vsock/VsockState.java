package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A socket device's own state.
 *
 * @param cid of the guest
 * @param token by what the host's side knows the streams again
 * @param resetDue whether the guest is still to be told that all its connections are lost
 * @param nextHostPort where the search for a free port of the host's side goes on
 * @param refusals RSTs owed to the guest, at most {@link Limits#VSOCK_PENDING_RESETS}
 * @param connections at most {@link Limits#VSOCK_CONNECTIONS}
 */
public record VsockState(
        long cid,
        long token,
        boolean resetDue,
        int nextHostPort,
        List<Refusal> refusals,
        List<ConnectionState> connections) {
    /**
     * @throws CorruptStateException when it is not one of a device
     */
    public VsockState {
        refusals = List.copyOf(refusals);
        connections = List.copyOf(connections);
        CorruptStateException.require(VsockConfig.isGuestCid(cid), "vsock CID " + Long.toUnsignedString(cid));
        CorruptStateException.require(
                refusals.size() <= Limits.VSOCK_PENDING_RESETS && connections.size() <= Limits.VSOCK_CONNECTIONS,
                refusals.size() + " vsock refusals, " + connections.size() + " connections");
        Set<VsockAddress> addresses = new HashSet<>();
        connections.forEach(connection -> CorruptStateException.require(
                addresses.add(connection.address()), "vsock connection twice: " + connection.address()));
    }

    /** Appends this state. */
    public void write(StateWriter out) {
        out.u64(cid).u64(token).bool(resetDue).u32(nextHostPort);
        out.list(refusals, Refusal::write);
        out.list(connections, ConnectionState::write);
    }

    /** Reads what {@link #write} wrote. */
    public static VsockState read(StateReader in) {
        return new VsockState(
                in.u64(),
                in.u64(),
                in.bool(),
                in.u32(),
                in.list(Limits.VSOCK_PENDING_RESETS, Refusal::read),
                in.list(Limits.VSOCK_CONNECTIONS, ConnectionState::read));
    }
}
