package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.vsock.VsockConnection.Phase;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** A valid state of the socket device, and what its records must refuse; for the tests of all records of a snapshot. */
public final class VsockSamples {
    private static final List<Object> ANY = List.of();
    private static final VsockAddress ADDRESS = new VsockAddress(1024, -1);
    private static final Refusal REFUSAL = new Refusal(2, 1, ADDRESS);

    private VsockSamples() {}

    /** A device with an open connection that is half shut down. */
    public static VsockState state() {
        return new VsockState(VsockConfig.DEFAULT_CID, -1, true, 1025, List.of(REFUSAL), List.of(connection()));
    }

    private static ConnectionState connection() {
        return new ConnectionState(
                ADDRESS, Phase.OPEN, true, false, true, false, 1, 2, 2, new CreditState(100, 40, 50, 4096, 20));
    }

    /** By record and component, values that the constructor must refuse in {@link #state}; none where any value may stand. */
    public static Map<Class<?>, Map<String, List<Object>>> corruptions() {
        return Map.of(
                VsockState.class,
                        Map.of(
                                "cid",
                                List.of(0L, 1L, 2L, 1L << 32, -1L),
                                "token",
                                ANY,
                                "resetDue",
                                ANY,
                                "nextHostPort",
                                ANY,
                                "refusals",
                                List.of(Collections.nCopies(Limits.VSOCK_PENDING_RESETS + 1, REFUSAL)),
                                "connections",
                                List.of(List.of(connection(), connection()))),
                Refusal.class, Map.of("cid", List.of(-1L, 1L << 32), "type", List.of(-1, 0x10000)),
                VsockAddress.class, Map.of("hostPort", ANY, "guestPort", ANY),
                ConnectionState.class,
                        Map.of(
                                "phase",
                                List.of(Phase.REQUESTED),
                                "greetingOwed",
                                ANY,
                                "creditOwed",
                                ANY,
                                "creditAsked",
                                ANY,
                                "hungUp",
                                ANY,
                                "guestShutdown",
                                List.of(-1, 3, 4),
                                "hostShutdown",
                                List.of(-1, 0, 1, 4),
                                "hostShutdownTold",
                                List.of(-1, 1, 3, 4)),
                CreditState.class,
                        Map.of(
                                "received", List.of(39, Integer.MIN_VALUE),
                                "advertised", List.of(101, Integer.MIN_VALUE),
                                "sent", List.of(19, Integer.MIN_VALUE),
                                "peerBufAlloc", ANY,
                                "peerFwdCnt", List.of(51, Integer.MIN_VALUE)));
    }
}
