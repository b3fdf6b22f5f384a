package cloud.ignition.vmm.virtio.vsock;

import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_REQUEST;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RESPONSE;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RST;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.OP_RW;
import static cloud.ignition.vmm.virtio.vsock.VsockHeader.SHUTDOWN_BOTH;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.vsock.VsockConnection.Phase;
import cloud.ignition.vmm.virtio.vsock.VsockGuest.Saved;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Machines that are saved and restored while bytes are on their way. */
class VsockSnapshotTest {
    private static final int LENGTH = 3 << 20;
    private static final int GUEST_BUFFER = 50_000;

    @TempDir
    private Path directory;

    private UnixBackend backend;
    private VsockGuest guest;
    private UnixSocket listening;
    private GuestSocket socket;
    private HostPeer peer;

    private String path() {
        return directory.resolve("v").toString();
    }

    @BeforeEach
    void connect() {
        backend = UnixBackend.listen(path());
        guest = new VsockGuest(backend);
        listening = UnixSocket.listen(path() + "_1", 8);
        socket = new GuestSocket(guest, new VsockAddress(1, 2), GUEST_BUFFER);
        socket.send(OP_REQUEST);
        socket.take();
        peer = new HostPeer(listening.accept().orElseThrow());
    }

    @AfterEach
    void close() {
        guest.driver.transport.close();
        peer.close();
        listening.close();
        backend.close();
    }

    private Saved sleep() {
        Saved saved = guest.save();
        StateWriter out = new StateWriter();
        saved.device().write(out);
        StateReader in = new StateReader(out.toByteArray());
        VsockState read = VsockState.read(in);
        in.end();
        assertThat(read).isEqualTo(saved.device());
        return new Saved(read, saved.transport());
    }

    private void wake(UnixBackend hub, Saved saved) {
        guest = guest.restored(hub, saved);
        socket.in(guest);
    }

    @Test
    void streamsBothWaysGoOnOverManySleeps() {
        byte[] up = data(1);
        byte[] down = data(2);
        Random random = new Random(3);
        int sent = 0;
        int written = 0;
        int sleeps = 0;
        while (peer.received.size() < LENGTH || socket.received.size() < LENGTH) {
            switch (random.nextInt(6)) {
                case 0 -> sent += sent < LENGTH ? socket.write(up, sent) : 0;
                case 1 -> written += written < LENGTH ? peer.write(down, written, 60_000) : 0;
                case 2 -> peer.read(random.nextInt(100_000));
                case 3 -> socket.read();
                case 4 -> guest.pump(random.nextBoolean());
                default -> {
                    Saved saved = sleep();
                    sleeps++;
                    if (random.nextBoolean()) {
                        wake(backend, saved);
                    } // else it goes on as it is
                }
            }
            socket.take();
        }
        assertThat(peer.received.toByteArray()).isEqualTo(up);
        assertThat(socket.received.toByteArray()).isEqualTo(down);
        assertThat(sleeps).isGreaterThan(20);
        assertThat(guest.takeTransportReset()).isFalse();
        assertThat(guest.driver.lies).isEmpty();
    }

    @Test
    void whatHappensAtTheHostDuringTheSleepIsSeenAfterIt() {
        Saved saved = sleep();
        guest.driver.transport.close();
        peer.write("while you slept");
        peer.close();
        HostPeer second = HostPeer.connect(path(), "CONNECT 9\n");
        wake(backend, saved);
        VsockGuest.Packet bytes = guest.expect(OP_RW);
        assertThat(new String(bytes.payload(), ISO_8859_1)).isEqualTo("while you slept");
        assertThat(guest.arrived)
                .anyMatch(p -> p.op() == VsockHeader.OP_SHUTDOWN && p.header().flags() == 3);
        assertThat(guest.expect(OP_REQUEST).header().destinationPort()).isEqualTo(9);
        second.close();
    }

    @Test
    void packetsInTheRingAtTheSaveAreWorkedOffAfterIt() {
        byte[] bytes = "in the ring".getBytes(ISO_8859_1);
        guest.place(socket.header(OP_RW, bytes.length, 0), bytes);
        wake(backend, sleep());
        assertThat(peer.text()).isEqualTo("in the ring");
    }

    @Test
    void bytesTakenBeforeTheSaveReachThePeerEvenIfTheGuestClosedAtOnce() {
        byte[] data = data(4);
        int done = 0;
        for (int last = 1; last > 0; done += last) {
            guest.pump();
            socket.take();
            last = socket.write(data, done);
        }
        socket.shutDown(SHUTDOWN_BOTH);
        wake(backend, sleep());
        while (!peer.ended) {
            peer.read(50_000);
            guest.pump();
        }
        assertThat(peer.received.toByteArray()).isEqualTo(java.util.Arrays.copyOf(data, done));
    }

    @Test
    void withAnotherHubTheGuestIsToldThatItsConnectionsAreLost() {
        Saved saved = sleep();
        guest.driver.transport.close();
        backend.close();
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
        java.io.File file = Path.of(path()).toFile();
        assertThat(file.delete()).isTrue();
        backend = UnixBackend.listen(path());
        wake(backend, saved);
        assertThat(guest.takeTransportReset()).isTrue();
        socket.send(VsockHeader.OP_CREDIT_UPDATE);
        guest.expect(OP_RST);
        GuestSocket next = new GuestSocket(guest, new VsockAddress(1, 3), GUEST_BUFFER);
        next.send(OP_REQUEST);
        guest.expect(OP_RESPONSE);
    }

    @Test
    void withoutAnEventBufferTheResetWaitsEvenOverASleep() {
        Saved saved = sleep();
        wake(backend, new Saved(withToken(saved.device(), saved.device().token() + 1), saved.transport()));
        assertThat(guest.takeTransportReset()).isTrue();
        socket = new GuestSocket(guest, new VsockAddress(1, 3), GUEST_BUFFER);
        socket.send(OP_REQUEST);
        saved = sleep();
        wake(backend, new Saved(withToken(saved.device(), saved.device().token() + 1), saved.transport()));
        assertThat(guest.save().device().resetDue()).as("no buffer").isTrue();
        wake(backend, sleep());
        guest.driver.queue(VsockGuest.EVENT).add(cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable(0, 4));
        guest.driver.kick(VsockGuest.EVENT);
        assertThat(guest.driver.queue(VsockGuest.EVENT).takeUsed()).isNotNull();
        assertThat(guest.save().device().resetDue()).isFalse();
    }

    @Test
    void anOlderSnapshotDoesNotGetStreamsThatHaveGoneOn() {
        Saved old = sleep();
        socket.write("since then".getBytes(ISO_8859_1));
        sleep();
        wake(backend, old);
        assertThat(guest.takeTransportReset()).isTrue();
        assertThat(peer.text()).isEqualTo("since then");
        assertThat(peer.ended).isTrue();
        assertThat(backend.streamCount()).isZero();
    }

    @Test
    void aMachineThatEndsUnsavedOrIsBootedAnewKeepsNoStreams() {
        guest.driver.transport.close();
        assertThat(backend.streamCount()).as("ended").isZero();
        guest = new VsockGuest(backend);
        socket = new GuestSocket(guest, new VsockAddress(1, 2), GUEST_BUFFER);
        socket.send(OP_REQUEST);
        sleep();
        guest.driver.transport.close();
        assertThat(backend.streamCount()).as("saved").isEqualTo(1);
        guest = new VsockGuest(backend);
        assertThat(backend.streamCount()).as("booted").isZero();
    }

    @Test
    void aRestoreThatFailsHalfWayCanBeTriedAgain() {
        Saved saved = sleep();
        guest.driver.transport.close();
        VsockDevice half = new VsockDevice(new VsockConfig(3), backend, System::nanoTime);
        half.restore(saved.device());
        half.close();
        wake(backend, saved);
        assertThat(guest.takeTransportReset()).isFalse();
        socket.write("here".getBytes(ISO_8859_1));
        assertThat(peer.text()).isEqualTo("here");
    }

    @Test
    void anotherIdentifierIsRefused() {
        VsockState saved = sleep().device();
        VsockDevice other = new VsockDevice(new VsockConfig(4), backend, System::nanoTime);
        assertThatThrownBy(() -> other.restore(saved))
                .isInstanceOf(CorruptStateException.class)
                .hasMessage("the vsock CID was 3 and is now 4");
    }

    private static VsockState withToken(VsockState state, long token) {
        return new VsockState(
                state.cid(), token, state.resetDue(), state.nextHostPort(), state.refusals(), state.connections());
    }

    // ---- damaged states ----

    private static final VsockAddress SOME = new VsockAddress(-1, 7);
    private static final CreditState CREDIT = new CreditState(5, 5, -3, 100, -7);
    private static final ConnectionState OPEN =
            new ConnectionState(SOME, Phase.OPEN, true, false, true, false, 2, 3, 2, CREDIT);

    @Test
    void everyFieldSurvives() {
        VsockState state =
                new VsockState(3, -9, true, 1 << 30, List.of(new Refusal(0xffff_ffffL, 0xffff, SOME)), List.of(OPEN));
        StateWriter out = new StateWriter();
        state.write(out);
        assertThat(VsockState.read(new StateReader(out.toByteArray()))).isEqualTo(state);
    }

    static List<Runnable> impossible() {
        return List.of(
                () -> new VsockState(2, 0, false, 0, List.of(), List.of()),
                () -> new VsockState(1L << 32, 0, false, 0, List.of(), List.of()),
                () -> new VsockState(3, 0, false, 0, List.of(), List.of(OPEN, OPEN)),
                () -> new VsockState(3, 0, false, 0, many(Limits.VSOCK_PENDING_RESETS + 1), List.of()),
                () -> new VsockState(3, 0, false, 0, List.of(), connections(Limits.VSOCK_CONNECTIONS + 1)),
                () -> new Refusal(-1, 1, SOME),
                () -> new Refusal(1L << 32, 1, SOME),
                () -> new CreditState(0, 0, 0, 0, 1),
                () -> new CreditState(0, 0, Limits.VSOCK_PEER_BUFFER_BYTES + 1, 0, 0),
                () -> new CreditState(0, 1, 0, 0, 0),
                () -> new CreditState(Limits.VSOCK_BUFFER_BYTES + 1, 0, 0, 0, 0),
                () -> connection(Phase.OPEN, 3, 0, 0),
                () -> connection(Phase.OPEN, 4, 0, 0),
                () -> connection(Phase.OPEN, 0, -1, 0),
                () -> connection(Phase.OPEN, 0, 1, 2),
                () -> connection(Phase.REQUESTED, 1, 0, 0),
                () -> connection(Phase.REQUESTED, 0, 1, 1),
                () -> ConnectionState.read(new StateReader(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0})));
    }

    @ParameterizedTest
    @MethodSource
    void impossible(Runnable state) {
        assertThatThrownBy(state::run).isInstanceOf(CorruptStateException.class);
    }

    private static ConnectionState connection(Phase phase, int guest, int host, int told) {
        return new ConnectionState(SOME, phase, false, false, false, false, guest, host, told, CREDIT);
    }

    private static List<Refusal> many(int count) {
        return IntStream.range(0, count).mapToObj(i -> new Refusal(2, 1, SOME)).toList();
    }

    private static List<ConnectionState> connections(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new ConnectionState(
                        new VsockAddress(1, i), Phase.OPEN, false, false, false, false, 0, 0, 0, CREDIT))
                .toList();
    }

    private static byte[] data(long seed) {
        byte[] data = new byte[LENGTH];
        new Random(seed).nextBytes(data);
        return data;
    }
}
