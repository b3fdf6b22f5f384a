package cloud.ignition.vmm.virtio.vsock;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
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
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VsockDeviceTest {
    private static final int PORT = 5000;
    private static final int GUEST_PORT = 700;
    private static final VsockAddress ADDRESS = new VsockAddress(PORT, GUEST_PORT);
    private static final int LARGE = 10 << 20;
    private static final int GUEST_BUFFER = 1 << 18;

    @TempDir
    private Path directory;

    private UnixBackend backend;
    private VsockGuest guest;
    private UnixSocket listening;
    private final List<AutoCloseable> open = new ArrayList<>();

    private String path() {
        return directory.resolve("v").toString();
    }

    @BeforeEach
    void boot() {
        backend = UnixBackend.listen(path());
        guest = new VsockGuest(backend);
        listening = UnixSocket.listen(path() + "_" + PORT, 2 * Limits.VSOCK_CONNECTIONS);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        guest.driver.transport.close();
        listening.close();
        backend.close();
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    // ---- connections ----

    @Test
    void tellsItsIdentifier() {
        assertThat(guest.driver.transport.read(0x100, 8)).isEqualTo(3);
        assertThat(guest.driver.transport.read(0x008, 4)).isEqualTo(Virtio.ID_VSOCK);
        assertThatThrownBy(() -> new VsockConfig(2)).hasMessageContaining("reserved");
        assertThatThrownBy(() -> new VsockConfig(0xffff_ffffL)).hasMessageContaining("reserved");
    }

    @Test
    void theHostReachesWhatListensInTheGuest() {
        HostPeer peer = closing(HostPeer.connect(path(), "CONN"));
        guest.pump();
        peer.write("ECT 700\nearly");
        guest.pump();
        VsockHeader request = guest.expect(OP_REQUEST).header();
        assertThat(request.destinationPort()).isEqualTo(700);
        assertThat(request.sourceCid()).isEqualTo(2);
        assertThat(request.bufAlloc()).isEqualTo(Limits.VSOCK_BUFFER_BYTES);
        assertThat(peer.text()).isEmpty();
        GuestSocket socket = new GuestSocket(guest, new VsockAddress(request.sourcePort(), 700), GUEST_BUFFER);
        socket.send(OP_RESPONSE);
        assertThat(peer.text()).isEqualTo("OK " + request.sourcePort() + "\n");
        socket.take();
        assertThat(socket.received.toString(ISO_8859_1)).isEqualTo("early");
        socket.write("late".getBytes(ISO_8859_1));
        assertThat(peer.text()).isEqualTo("late");
    }

    @Test
    void whatNobodyInTheGuestListensToIsClosedWithoutAWord() {
        HostPeer peer = closing(HostPeer.connect(path(), "CONNECT 700\n"));
        guest.pump();
        VsockHeader request = guest.expect(OP_REQUEST).header();
        new GuestSocket(guest, new VsockAddress(request.sourcePort(), 700), 0).send(OP_RST);
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
        assertThat(backend.streamCount()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "'GET / HTTP/1.1\n'",
        "'CONNECT\n'",
        "'CONNECT 4294967295\n'",
        "'CONNECT 999999999999'",
        "'CONNECT -1\n'"
    })
    void whoSaysSomethingElseIsClosed(String greeting) {
        HostPeer peer = closing(HostPeer.connect(path(), greeting));
        guest.pump();
        assertThat(guest.poll()).isNull();
        peer.read(10); // an error when what it wrote was not read
        assertThat(peer.write(new byte[1], 0, 1)).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void peersThatSayNothingAreBoundedAndTheOldestGoes() {
        List<HostPeer> silent = new ArrayList<>();
        for (int i = 0; i < Limits.VSOCK_GREETINGS + 2; i++) {
            silent.add(closing(HostPeer.connect(path(), "CONN")));
            guest.pump();
        }
        assertThat(silent.get(1).write(new byte[1], 0, 1)).isEqualTo(-Errno.EPIPE);
        assertThat(silent.get(2).write(new byte[1], 0, 1)).isEqualTo(1);
    }

    @Test
    void theGuestReachesWhatListensOnTheHost() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.write("hello".getBytes(ISO_8859_1));
        assertThat(peer.text()).isEqualTo("hello");
        peer.write("back");
        guest.pump();
        socket.take();
        assertThat(socket.received.toString(ISO_8859_1)).isEqualTo("back");
    }

    @Test
    void aPortThatNobodyServesIsRefused() {
        new GuestSocket(guest, new VsockAddress(PORT + 1, GUEST_PORT), GUEST_BUFFER).send(OP_REQUEST);
        VsockHeader refusal = guest.expect(OP_RST).header();
        assertThat(refusal.sourcePort()).isEqualTo(PORT + 1);
        assertThat(refusal.destinationPort()).isEqualTo(GUEST_PORT);
        assertThat(refusal.sourceCid()).isEqualTo(2);
        assertThat(refusal.destinationCid()).isEqualTo(3);
    }

    @Test
    void eachSideMayEndItsHalfFirst() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.shutDown(SHUTDOWN_SEND);
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
        peer.write("still");
        guest.pump();
        peer.socket.shutdownWrite();
        guest.pump();
        socket.take();
        assertThat(socket.received.toString(ISO_8859_1)).isEqualTo("still");
        assertThat(socket.shutdown & SHUTDOWN_SEND).isNotZero();
        socket.shutDown(SHUTDOWN_BOTH);
        socket.take();
        assertThat(socket.reset).isTrue();
        assertThat(backend.streamCount()).isZero();
    }

    @Test
    void thePeersHalfCloseLeavesTheOtherHalf() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        peer.write("end");
        peer.socket.shutdownWrite();
        guest.pump();
        socket.take();
        assertThat(socket.received.toString(ISO_8859_1)).isEqualTo("end");
        assertThat(socket.shutdown).isEqualTo(SHUTDOWN_SEND);
        socket.write("answer".getBytes(ISO_8859_1));
        assertThat(peer.text()).isEqualTo("answer");
    }

    @Test
    void aPeerThatGoesEndsBothHalvesBehindItsBytes() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        peer.write("last words");
        peer.close();
        guest.pump();
        socket.take();
        assertThat(socket.received.toString(ISO_8859_1)).isEqualTo("last words");
        assertThat(socket.shutdown).isEqualTo(SHUTDOWN_BOTH);
        assertThat(backend.streamCount()).isZero();
        socket.write("too late".getBytes(ISO_8859_1)); // on its way when the peer went
        socket.send(OP_RST);
        socket.take();
        assertThat(socket.reset).isFalse();
        socket.send(OP_CREDIT_UPDATE);
        socket.take();
        assertThat(socket.reset).as("nothing is known of it any more").isTrue();
    }

    @Test
    void aPeerThatGoesWhileTheGuestSendsIsTold() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.write("unread".getBytes(ISO_8859_1));
        peer.close();
        socket.write("more".getBytes(ISO_8859_1));
        socket.take();
        assertThat(socket.reset || socket.shutdown == SHUTDOWN_BOTH).isTrue();
    }

    @Test
    void aResetOfTheGuestEndsThePeer() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.send(OP_RST);
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
        assertThat(backend.streamCount()).isZero();
    }

    @Test
    void theGuestThatReceivesNoMoreRefusesThePeersBytes() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.shutDown(SHUTDOWN_RCV);
        assertThat(peer.write(new byte[1], 0, 1)).isEqualTo(-Errno.EPIPE);
        socket.write("one way".getBytes(ISO_8859_1));
        assertThat(peer.text()).isEqualTo("one way");
    }

    @Test
    void bytesBehindAShutdownResetTheConnection() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.shutDown(SHUTDOWN_SEND);
        socket.write("more".getBytes(ISO_8859_1));
        socket.take();
        assertThat(socket.reset).isTrue();
        assertThat(peer.text()).isEmpty();
        assertThat(guest.driver.lies).isEmpty();
    }

    @Test
    void aSecondRequestResetsTheConnection() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        socket.send(OP_REQUEST);
        socket.take();
        assertThat(socket.reset).isTrue();
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
    }

    @Test
    void connectionsAreBounded() {
        for (int i = 0; i < Limits.VSOCK_CONNECTIONS; i++) {
            new GuestSocket(guest, new VsockAddress(PORT, i), GUEST_BUFFER).send(OP_REQUEST);
            guest.expect(OP_RESPONSE);
            closing(listening.accept().orElseThrow());
        }
        new GuestSocket(guest, new VsockAddress(PORT, 9999), GUEST_BUFFER).send(OP_REQUEST);
        guest.expect(OP_RST);
        HostPeer peer = closing(HostPeer.connect(path(), "CONNECT 1\n"));
        guest.pump();
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
        new GuestSocket(guest, new VsockAddress(PORT, 5), GUEST_BUFFER).send(OP_RST);
        new GuestSocket(guest, new VsockAddress(PORT, 9999), GUEST_BUFFER).send(OP_REQUEST);
        guest.expect(OP_RESPONSE);
    }

    // ---- streams ----

    @Test
    void tenMegabytesReachAPeerThatReadsSlowly() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        byte[] data = data(1, LARGE);
        Random random = new Random(2);
        int most = 0;
        for (int done = 0; done < data.length || peer.received.size() < data.length; ) {
            guest.pump();
            socket.take();
            done += done < data.length ? socket.write(data, done) : 0;
            most = Math.max(most, buffered());
            if (random.nextInt(3) == 0) {
                peer.read(random.nextInt(150_000));
            }
        }
        assertThat(peer.received.toByteArray()).isEqualTo(data);
        assertThat(most).as("was full").isBetween(40_000, Limits.VSOCK_BUFFER_BYTES);
    }

    @ParameterizedTest
    @CsvSource({"100, 65536", "1000, 1048576", "262144, 10485760"})
    void bytesReachAGuestWithLittleRoom(int guestBuffer, int length) {
        GuestSocket socket = connected(guestBuffer);
        HostPeer peer = accepted();
        byte[] data = data(3, length);
        for (int done = 0; done < length || socket.received.size() < length; ) {
            done += done < length ? peer.write(data, done, 50_000) : 0;
            guest.pump();
            socket.read();
        }
        assertThat(socket.received.toByteArray()).isEqualTo(data);
        assertThat(socket.creditAsked).isEqualTo(guestBuffer < 4096);
    }

    @Test
    void creditIsToldWhenAsked() {
        GuestSocket socket = connected();
        closing(accepted());
        socket.write(new byte[1000]);
        socket.take();
        socket.send(OP_CREDIT_REQUEST);
        assertThat(guest.expect(OP_CREDIT_UPDATE).header().fwdCnt()).isEqualTo(1000);
    }

    @Test
    void aGuestThatClosesNeedNotWaitForASlowPeer() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        byte[] data = Arrays.copyOf(data(4, 1 << 20), fillUp(socket));
        assertThat(buffered()).isPositive();
        socket.shutDown(SHUTDOWN_BOTH);
        socket.take();
        assertThat(socket.reset).isTrue();
        assertThat(backend.streamCount()).as("lingers").isEqualTo(1);
        while (!peer.ended) {
            peer.read(100_000);
            guest.pump();
        }
        assertThat(peer.received.toByteArray()).isEqualTo(data);
        assertThat(backend.streamCount()).isZero();
    }

    @Test
    void theEndComesBehindWhatIsBuffered() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        byte[] data = Arrays.copyOf(data(4, 1 << 20), fillUp(socket));
        socket.shutDown(SHUTDOWN_SEND);
        while (!peer.ended) {
            peer.read(100_000);
            guest.pump();
        }
        assertThat(peer.received.toByteArray()).isEqualTo(data);
        assertThat(peer.write(new byte[1], 0, 1)).as("the other half").isEqualTo(1);
    }

    // ---- refusals ----

    @Test
    void whatIsKnownToNobodyIsRefused() {
        GuestSocket socket = new GuestSocket(guest, ADDRESS, GUEST_BUFFER);
        for (int op : new int[] {OP_RESPONSE, OP_SHUTDOWN, OP_RW, OP_CREDIT_UPDATE, OP_CREDIT_REQUEST}) {
            socket.send(op);
            guest.expect(OP_RST);
        }
        socket.send(OP_RST);
        assertThat(guest.poll()).isNull();
        guest.send(new VsockHeader(3, 9, 1, 2, 0, 1, OP_REQUEST, 0, 0, 0));
        assertThat(guest.expect(OP_RST).header().sourceCid()).isEqualTo(9);
        guest.send(new VsockHeader(3, 2, 1, 2, 0, 2, OP_REQUEST, 0, 0, 0));
        assertThat(guest.expect(OP_RST).header().type()).isEqualTo(2);
        assertThat(guest.driver.lies).isEmpty();
    }

    @Test
    void withoutReceiveBuffersRefusalsArePiledUpToALimitAndThenTheGuestWaits() {
        guest.pump(false);
        int buffers = 0;
        GuestSocket socket = new GuestSocket(guest, ADDRESS, GUEST_BUFFER);
        int taken = 0;
        for (int i = 0; i < 200; i++) {
            guest.place(socket.header(OP_CREDIT_UPDATE, 0, 0));
            guest.driver.kick(VsockGuest.TX);
            taken += guest.driver.queue(VsockGuest.TX).takeAllUsed().size();
            buffers++;
        }
        assertThat(taken).isEqualTo(16 + Limits.VSOCK_PENDING_RESETS);
        guest.pump();
        assertThat(guest.arrived).hasSize(buffers).allMatch(packet -> packet.op() == OP_RST);
        assertThat(guest.driver.queue(VsockGuest.TX).takeAllUsed()).hasSize(200 - taken);
    }

    // ---- lies ----

    @ParameterizedTest
    @CsvSource({
        "4, 2, 0, 1, 5, 0, packet from CID 4",
        "0, 2, 0, 1, 5, 0, packet from CID 0",
        "3, 4294967298, 0, 1, 5, 0, packet for CID 4294967298",
        "3, -1, 0, 1, 5, 0, packet for CID 18446744073709551615",
        "3, 2, 0, 1, 0, 0, packet with operation 0",
        "3, 2, 0, 1, 8, 0, packet with operation 8",
        "3, 2, 0, 1, 65535, 0, packet with operation 65535",
        "3, 2, 21, 1, 5, 0, packet of 21 bytes in a buffer of 20",
        "3, 2, -1, 1, 5, 0, packet of 4294967295 bytes in a buffer of 20",
        "3, 2, 20, 1, 1, 0, packet of 20 bytes with operation 1",
        "3, 2, 20, 1, 4, 3, packet of 20 bytes with operation 4",
        "3, 2, 0, 1, 4, 4, packet with operation 4 and flags 0x4",
        "3, 2, 20, 1, 5, 1, packet with operation 5 and flags 0x1",
        "3, 2, 0, 1, 1, -2147483648, packet with operation 1 and flags 0x80000000",
    })
    void headersThatNoDriverWritesAreLies(
            long source, long destination, int length, int type, int op, int flags, String lie) {
        connected();
        HostPeer peer = accepted();
        guest.send(new VsockHeader(source, destination, GUEST_PORT, PORT, length, type, op, flags, 0, 0), new byte[20]);
        assertThat(guest.driver.lies).containsExactly("virtio device 19: " + lie);
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).as("its connections are gone").isTrue();
        guest.driver.startAll();
        assertThat(guest.driver.status()).isEqualTo(0xf);
    }

    @Test
    void moreThanTheCreditIsALie() {
        GuestSocket socket = connected();
        HostPeer peer = accepted();
        fillUp(socket);
        byte[] more = new byte[Limits.VSOCK_BUFFER_BYTES];
        guest.send(socket.header(OP_RW, more.length, 0), more);
        assertThat(guest.driver.lies).singleElement().asString().contains("for a connection with credit for");
        assertThat(peer.socket.fd().isOpen()).isTrue();
    }

    @Test
    void creditForWhatWasNeverSentIsALie() {
        connected();
        closing(accepted());
        guest.send(new VsockHeader(3, 2, GUEST_PORT, PORT, 0, 1, OP_CREDIT_UPDATE, 0, 1 << 20, 1));
        assertThat(guest.driver.lies).containsExactly("virtio device 19: credit for 1 bytes of 0 in flight");
    }

    @Test
    void buffersThatNoDriverMakesAreLies() {
        long at = 3 << 20;
        guest.driver.queue(VsockGuest.TX).add(readable(at, 44), writable(at, 1));
        guest.driver.kick(VsockGuest.TX);
        guest.driver.startAll();
        guest.driver.queue(VsockGuest.TX).add(readable(at, 43));
        guest.driver.kick(VsockGuest.TX);
        guest.driver.startAll();
        refusedInto(() -> guest.driver.queue(VsockGuest.RX).add(writable(at, 44)));
        refusedInto(() -> guest.driver.queue(VsockGuest.RX).add(readable(at, 1), writable(at, 100)));
        assertThat(guest.driver.lies)
                .containsExactly(
                        "virtio device 19: writable descriptor in a packet to send",
                        "virtio device 19: packet of 43 bytes with its header",
                        "virtio device 19: receive buffer of 44 bytes",
                        "virtio device 19: readable descriptor in a receive buffer");
    }

    private void refusedInto(Runnable bufferAdded) {
        bufferAdded.run();
        guest.sendQuietly(new GuestSocket(guest, ADDRESS, 0).header(OP_RW, 0, 0));
        guest.driver.startAll();
    }

    @Test
    void aHugeBufferOfTheGuestIsBelievedUpToALimit() {
        Credit credit = new Credit();
        credit.learn(-1, 0);
        for (long sent = 0; sent < Limits.VSOCK_PEER_BUFFER_BYTES; sent += Limits.VSOCK_PACKET_BYTES) {
            assertThat(credit.available()).isEqualTo(Limits.VSOCK_PACKET_BYTES);
            credit.send(Limits.VSOCK_PACKET_BYTES);
        }
        assertThat(credit.available()).isZero();
        credit.learn(-1, 5);
        assertThat(credit.available()).isEqualTo(5);
        credit.learn(-1, 3); // late
        assertThat(credit.available()).isEqualTo(5);
        credit.learn(100, 5);
        assertThat(credit.available()).as("a buffer that shrank").isZero();
    }

    @Test
    void aDriverThatStartsAnewKnowsNoConnection() {
        connected();
        HostPeer peer = accepted();
        guest.driver.startAll();
        assertThat(peer.text()).isEmpty();
        assertThat(peer.ended).isTrue();
    }

    // ---- helpers ----

    private GuestSocket connected() {
        return connected(GUEST_BUFFER);
    }

    /** A socket of the guest that has connected to {@link #accepted}. */
    private GuestSocket connected(int guestBuffer) {
        GuestSocket socket = new GuestSocket(guest, ADDRESS, guestBuffer);
        socket.send(OP_REQUEST);
        assertThat(guest.arrived)
                .singleElement()
                .extracting(VsockGuest.Packet::op)
                .isEqualTo(OP_RESPONSE);
        socket.take();
        return socket;
    }

    private HostPeer accepted() {
        return closing(new HostPeer(listening.accept().orElseThrow()));
    }

    /** Sends the start of {@code data(4, 1 << 20)} until nothing more fits; returns how much. */
    private int fillUp(GuestSocket socket) {
        byte[] data = data(4, 1 << 20);
        int done = 0;
        for (int last = 1; last > 0; done += last) {
            guest.pump();
            socket.take();
            last = socket.write(data, done);
        }
        return done;
    }

    private int buffered() {
        return guest.device.save().connections().stream()
                .mapToInt(connection ->
                        connection.credit().received() - connection.credit().advertised())
                .sum();
    }

    private static byte[] data(long seed, int length) {
        byte[] data = new byte[length];
        new Random(seed).nextBytes(data);
        return data;
    }
}
