package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
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

    @BeforeEach
    void start() throws Exception {
        assertThat(Files.isWritable(Path.of("/dev/net/tun")) && "root".equals(System.getProperty("user.name")))
                .as("this test creates a network interface: run it as root, with /dev/net/tun")
                .isTrue();
        tap = Tap.open(NAME, false);
        epoll.add(tap.fd(), Epoll.IN, 0);
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
        while (epoll.await(events, 0) > 0) {
            machine.transport.onBackendReadable(); // what the host's IPv6 says by itself
            nextFrames();
        }
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
        return new NetDevice(new NetConfig(MAC), new TapBackend(tap), System::nanoTime);
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
