package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The network device on a real tap: the host's own TCP stack talks to a "guest" that is this test. */
class TapBackendTest {
    private static final String NAME = "igv" + ProcessHandle.current().pid() % 1_000_000;
    private static final String HOST = "198.18.213.1";
    private static final byte[] GUEST_IP = {(byte) 198, 18, (byte) 213, 2};
    private static final MacAddress MAC = MacAddress.of(new byte[] {2, 0, 0, 0, 0, 1});
    private static final int PORT = 4242;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final int BUFFER = 1536;
    private static final int BUFFERS = 200;
    private static final int PATIENCE_MILLIS = 5000;

    private static final int ETHERNET = 14;
    private static final int IP = 20;
    private static final int MSS = 1460;
    private static final int SYN = 0x02;
    private static final int SYN_ACK = 0x12;

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final Deque<Long> buffersInOrder = new ArrayDeque<>();
    private final Epoll epoll = Epoll.create();
    private final Epoll.Events events = new Epoll.Events(1);
    private Tap tap;
    private TestDriver driver; // its queues are the guest's, through every restore
    private NetDevice device;
    private TestDriver machine;
    private NetRate rate = NetRate.UNLIMITED;
    private long now;

    @BeforeEach
    void start() throws Exception {
        assertThat(Files.isWritable(Path.of("/dev/net/tun")) && "root".equals(System.getProperty("user.name")))
                .as("this test creates a network interface: run it as root, with /dev/net/tun")
                .isTrue();
        tap = Tap.open(NAME, false);
        epoll.add(tap.fd(), Epoll.IN, 0);
        Path ipv6 = Path.of("/proc/sys/net/ipv6/conf/" + NAME + "/disable_ipv6");
        if (Files.exists(ipv6)) {
            Files.writeString(ipv6, "1"); // it would say things by itself
        }
        ip("address", "add", HOST + "/30", "dev", NAME);
        ip("link", "set", NAME, "up");
        ip("neighbour", "replace", "198.18.213.2", "lladdr", MAC.toString(), "dev", NAME, "nud", "permanent");
        device = device();
        driver = new TestDriver(device, memory).startAll();
        machine = driver;
        for (int i = 0; i < BUFFERS; i++) {
            post(driver.allocate(BUFFER));
        }
        driver.kick(NetDevice.RECEIVE);
    }

    @AfterEach
    void stop() {
        epoll.close();
        tap.close();
    }

    /** A TCP handshake with checksums left to the other side, then a segment far above the MTU in one frame. */
    @Test
    void offloadsWorkBothWays() throws Exception {
        connectAndReceiveLargeSegment();
        assertThat(device.activity().packetsOut()).isEqualTo(1);
        assertThat(device.activity().dropped()).isZero();
    }

    /** "Dropped tap offload flags": a machine restored onto a tap without them gets its large segments all the same. */
    @Test
    void offloadsAreBackAfterARestore() throws Exception {
        connectAndReceiveLargeSegment();
        MmioTransportState state = machine.transport.save();
        NetState own = device.save();
        tap.setOffload(0);
        tap.setVnetHeaderSize(10);

        device = device();
        machine = new TestDriver(device, memory);
        device.restore(own);
        machine.transport.restore(state);
        machine.transport.kickAll();
        connectAndReceiveLargeSegment();
    }

    /** The wake: a SYN that arrived while there was no machine is delivered by kickAll, before any event of the tap. */
    @Test
    void aSynThatWaitedInTheTapIsDeliveredByTheRestore() throws Exception {
        MmioTransportState state = machine.transport.save();
        NetState own = device.save();
        try (SocketChannel socket = SocketChannel.open()) {
            socket.configureBlocking(false);
            socket.bind(new InetSocketAddress(HOST, 0)).connect(guest());
            assertThat(epoll.await(events, PATIENCE_MILLIS)).isEqualTo(1);
            device = device();
            machine = new TestDriver(device, memory);
            device.restore(own);
            machine.transport.restore(state);
            machine.transport.kickAll();
            byte[] syn = nextTcp(socket, false);
            assertThat(syn[HEADER + ETHERNET + IP + 13] & 0xff).isEqualTo(SYN);
            assertThat(machine.interrupts).isPositive();
            assertThat(machine.interest).isEqualTo(Epoll.IN);
        }
    }

    /**
     * The host's own stack is the judge: it learns neighbours from ARP and answers pings. What another station or address
     * would say never reaches it.
     */
    @Test
    void onlyFramesOfTheGuestItselfReachTheHost() throws Exception {
        ip("neighbour", "del", "198.18.213.2", "dev", NAME);
        byte[] other = {2, 0, 0, 0, 0, 9};
        byte[] otherIp = {(byte) 198, 18, (byte) 213, 3};
        byte[] hostIp = InetAddress.getByName(HOST).getAddress();
        sendFrame(arp(MAC.toBytes(), other, GUEST_IP)); // a forged station inside
        sendFrame(arp(other, MAC.toBytes(), GUEST_IP)); // a forged station outside
        sendFrame(arp(MAC.toBytes(), MAC.toBytes(), otherIp));
        sendFrame(arp(MAC.toBytes(), MAC.toBytes(), hostIp));
        assertThat(device.activity().spoofed()).isEqualTo(4);
        assertThat(device.activity().packetsOut()).isZero();
        assertThat(neighbours()).doesNotContain("lladdr");
        sendFrame(arp(MAC.toBytes(), MAC.toBytes(), GUEST_IP));
        assertThat(device.activity().packetsOut()).isEqualTo(1);
        assertThat(neighbours()).contains("198.18.213.2 lladdr " + MAC).doesNotContain("198.18.213.3");

        sendFrame(ping(otherIp, 1));
        sendFrame(vlan(ping(GUEST_IP, 2)));
        sendFrame(ping(GUEST_IP, 3));
        assertThat(device.activity().spoofed()).isEqualTo(6);
        assertThat(nextPingReply())
                .as("the first answer is that to the only ping that arrived")
                .isEqualTo(3);
        assertThat(device.activity().dropped()).isZero();
    }

    /** Over the limit a frame waits in the real tap, and is delivered, not lost, when the time has come. */
    @Test
    void framesOverTheRateWaitInTheTap() throws Exception {
        now = System.nanoTime();
        rate = new NetRate(Optional.empty(), Optional.of(new NetRate.Budget(1, 1)));
        MmioTransportState state = machine.transport.save();
        NetState own = device.save();
        device = device();
        machine = new TestDriver(device, memory);
        device.restore(own);
        machine.transport.restore(state);
        machine.transport.kickAll();
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName(HOST))) {
            for (int i = 0; i < 3; i++) {
                socket.send(new DatagramPacket(new byte[] {(byte) i}, 1, guest()));
            }
        }
        for (int i = 0; i < 3; i++) {
            machine.transport.onBackendReadable();
            machine.transport.onTimer();
            nextFrames();
            assertThat(received).as("second %d", i).hasSize(1);
            byte[] frame = received.remove();
            assertThat(frame[HEADER + ETHERNET + IP + 8]).isEqualTo((byte) i);
            assertThat(machine.interest).as("the tap is left alone").isZero();
            assertThat(epoll.await(events, 0)).as("what waits").isEqualTo(i == 2 ? 0 : 1);
            now += TimeUnit.SECONDS.toNanos(1);
        }
        machine.transport.close();
    }

    private static byte[] arp(byte[] ethernetSource, byte[] senderMac, byte[] senderIp) throws IOException {
        return ByteBuffer.allocate(ETHERNET + 28)
                .put(new byte[] {-1, -1, -1, -1, -1, -1})
                .put(ethernetSource)
                .put(new byte[] {8, 6, 0, 1, 8, 0, 6, 4, 0, 1})
                .put(senderMac)
                .put(senderIp)
                .put(new byte[6])
                .put(InetAddress.getByName(HOST).getAddress())
                .array();
    }

    private byte[] ping(byte[] source, int sequence) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(ETHERNET + IP + 16);
        frame.put(hostMac()).put(MAC.toBytes()).putShort((short) 0x0800);
        frame.put(14, (byte) 0x45)
                .putShort(16, (short) (IP + 16))
                .put(22, (byte) 64)
                .put(23, (byte) 1);
        frame.put(26, source).put(30, InetAddress.getByName(HOST).getAddress());
        frame.putShort(24, (short) ~sum(frame, ETHERNET, IP, 0));
        frame.put(34, (byte) 8).putShort(40, (short) sequence);
        frame.putShort(36, (short) ~sum(frame, ETHERNET + IP, 16, 0));
        return frame.array();
    }

    private static byte[] vlan(byte[] frame) {
        return ByteBuffer.allocate(frame.length + 4)
                .put(frame, 0, 12)
                .putInt(0x8100_0000)
                .put(frame, 12, frame.length - 12)
                .array();
    }

    private static byte[] hostMac() throws IOException {
        return HexFormat.ofDelimiter(":")
                .parseHex(Files.readString(Path.of("/sys/class/net/" + NAME + "/address"))
                        .strip());
    }

    private void sendFrame(byte[] frame) {
        byte[] whole = new byte[HEADER + frame.length];
        System.arraycopy(frame, 0, whole, HEADER, frame.length);
        driver.queue(NetDevice.TRANSMIT).add(readable(driver.place(whole), whole.length));
        machine.kick(NetDevice.TRANSMIT);
        assertThat(driver.queue(NetDevice.TRANSMIT).takeUsed()).isNotNull();
    }

    private int nextPingReply() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (System.nanoTime() < deadline) {
            nextFrames();
            for (byte[] frame = received.poll(); frame != null; frame = received.poll()) {
                ByteBuffer packet = ByteBuffer.wrap(frame).position(HEADER).slice();
                if (packet.getShort(12) == 0x0800 && packet.get(23) == 1 && packet.get(34) == 0) {
                    return packet.getShort(40);
                }
            }
            if (epoll.await(events, PATIENCE_MILLIS) > 0) {
                machine.transport.onBackendReadable();
            }
        }
        throw new AssertionError("no answer to any ping");
    }

    private static String neighbours() throws IOException, InterruptedException {
        Process process = new ProcessBuilder("ip", "-4", "neighbour", "show", "dev", NAME).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return output;
    }

    private void connectAndReceiveLargeSegment() throws IOException {
        try (SocketChannel socket = SocketChannel.open()) {
            socket.configureBlocking(false);
            socket.bind(new InetSocketAddress(HOST, 0)).connect(guest());
            byte[] syn = nextTcp(socket, true);
            assertThat(syn[HEADER + ETHERNET + IP + 13] & 0xff).isEqualTo(SYN);
            assertThat(syn[0]).as("VIRTIO_NET_HDR_F_NEEDS_CSUM").isEqualTo((byte) 1);
            sendSynAck(syn);
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
            while (!socket.finishConnect()) {
                assertThat(System.nanoTime()).as("the host takes the SYN-ACK").isLessThan(deadline);
                Thread.onSpinWait();
            }
            assertThat(socket.write(ByteBuffer.wrap(new byte[20 * MSS]))).isGreaterThan(5 * MSS);
            byte[] segment = nextTcp(socket, true);
            while (segment.length < 2000) {
                segment = nextTcp(socket, true); // the handshake's ACK, and a first small segment, come before
            }
            ByteBuffer header = ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(header.get(1)).as("gso_type TCPV4").isEqualTo((byte) 1);
            assertThat(header.getShort(4)).as("gso_size").isEqualTo((short) MSS);
            assertThat((int) header.getShort(10)).as("num_buffers").isEqualTo((segment.length + BUFFER - 1) / BUFFER);
        }
    }

    private void sendSynAck(byte[] syn) {
        ByteBuffer in = ByteBuffer.wrap(syn).position(HEADER).slice();
        ByteBuffer out = ByteBuffer.allocate(HEADER + ETHERNET + IP + 24);
        int tcp = ETHERNET + IP;
        out.order(ByteOrder.LITTLE_ENDIAN)
                .put(0, (byte) 1)
                .putShort(6, (short) tcp)
                .putShort(8, (short) 16);
        out.order(ByteOrder.BIG_ENDIAN);
        ByteBuffer frame = out.duplicate().position(HEADER).slice();
        frame.put(0, in, 6, 6).put(6, in, 0, 6).putShort(12, (short) 0x0800);
        frame.put(14, (byte) 0x45)
                .putShort(16, (short) (IP + 24))
                .put(22, (byte) 64)
                .put(23, (byte) 6);
        frame.put(26, in, 30, 4).put(30, in, 26, 4);
        frame.putShort(24, (short) ~sum(frame, ETHERNET, IP, 0));
        frame.putShort(tcp, in.getShort(tcp + 2)).putShort(tcp + 2, in.getShort(tcp));
        frame.putInt(tcp + 4, 1000).putInt(tcp + 8, in.getInt(tcp + 4) + 1);
        frame.put(tcp + 12, (byte) 0x60).put(tcp + 13, (byte) SYN_ACK).putShort(tcp + 14, (short) 0xffff);
        frame.putInt(tcp + 20, 0x0204_0000 | MSS);
        frame.putShort(tcp + 16, (short) sum(frame, 26, 8, 6 + 24)); // pseudo header only: the host does the rest
        long at = driver.place(out.array());
        driver.queue(NetDevice.TRANSMIT).add(readable(at, out.capacity()));
        machine.kick(NetDevice.TRANSMIT);
        assertThat(driver.queue(NetDevice.TRANSMIT).takeUsed()).isNotNull();
    }

    private static int sum(ByteBuffer bytes, int from, int length, int start) {
        int sum = start;
        for (int i = 0; i < length; i += 2) {
            sum += Short.toUnsignedInt(bytes.getShort(from + i));
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (sum & 0xffff) + (sum >>> 16);
    }

    private final Deque<byte[]> received = new ArrayDeque<>();

    /** The next frame of this connection; others, such as repetitions of an earlier test's, are skipped. */
    private byte[] nextTcp(SocketChannel socket, boolean pump) throws IOException {
        int port = ((InetSocketAddress) socket.getLocalAddress()).getPort();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (true) {
            nextFrames();
            for (byte[] frame = received.poll(); frame != null; frame = received.poll()) {
                ByteBuffer packet = ByteBuffer.wrap(frame).position(HEADER).slice();
                boolean tcp = packet.getShort(12) == 0x0800 && packet.get(23) == 6;
                if (tcp && Short.toUnsignedInt(packet.getShort(ETHERNET + IP)) == port) {
                    return frame;
                }
            }
            assertThat(pump && System.nanoTime() < deadline)
                    .as("a TCP frame arrives")
                    .isTrue();
            if (epoll.await(events, PATIENCE_MILLIS) > 0) {
                machine.transport.onBackendReadable();
            }
        }
    }

    private void nextFrames() {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        int left = 0;
        for (Used used : driver.queue(NetDevice.RECEIVE).takeAllUsed()) {
            long at = buffersInOrder.remove();
            byte[] part = memory.read(at, (int) used.length());
            if (left == 0) {
                left = memory.getShort(at + 10);
            }
            frame.writeBytes(part);
            if (--left == 0) {
                received.add(frame.toByteArray());
                frame.reset();
            }
            post(at);
        }
        machine.transport.onNotify(NetDevice.RECEIVE);
    }

    private void post(long at) {
        driver.queue(NetDevice.RECEIVE).add(writable(at, BUFFER));
        buffersInOrder.add(at);
    }

    private NetDevice device() {
        try {
            NetConfig config = new NetConfig(MAC, List.of(InetAddress.getByAddress(GUEST_IP)), rate, false);
            return new NetDevice(config, new TapBackend(tap), () -> now);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static InetSocketAddress guest() throws IOException {
        return new InetSocketAddress(InetAddress.getByAddress(GUEST_IP), PORT);
    }

    private static void ip(String... arguments) throws IOException, InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = "ip";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("%s: %s", String.join(" ", command), output)
                .isZero();
    }
}
