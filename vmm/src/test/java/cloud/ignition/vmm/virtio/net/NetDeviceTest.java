package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Errno;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NetDeviceTest {
    private static final int RX = NetDevice.RECEIVE;
    private static final int TX = NetDevice.TRANSMIT;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final int BUFFER = 1536;
    private static final int ENOUGH_BUFFERS = 43; // for the longest frame
    private static final long PLAIN = Virtio.F_VERSION_1 | NetDevice.F_MAC;
    private static final MacAddress MAC = MacAddress.of(new byte[] {2, 0x1a, 3, 4, 5, (byte) 0xfe});

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final MemoryBackend wire = new MemoryBackend(memory);
    private long now = 1000;
    private final NetDevice device = new NetDevice(new NetConfig(MAC), wire, () -> now);
    private final TestDriver driver = new TestDriver(device, memory);

    @Test
    void tellsItsAddressAndThatTheLinkIsUp() {
        assertThat(driver.transport.read(0x100, 4)).isEqualTo(0x04031a02);
        assertThat(driver.transport.read(0x104, 2)).isEqualTo(0xfe05);
        assertThat(driver.transport.read(0x106, 2)).isEqualTo(1);
        assertThat(MAC).hasToString("02:1a:03:04:05:fe");
    }

    @Test
    void segmentationWithoutChecksumsIsNotAccepted() {
        driver.negotiate(PLAIN | NetDevice.F_GUEST_TSO4);
        assertThat(driver.status() & Virtio.FEATURES_OK).isZero();
        driver.negotiate(PLAIN | NetDevice.F_HOST_TSO6 | NetDevice.F_GUEST_CSUM);
        assertThat(driver.status() & Virtio.FEATURES_OK).isZero();
    }

    @Test
    void offloadsAreThoseOfTheDriverAndSetAtEachActivation() {
        driver.startAll();
        driver.start(PLAIN);
        driver.start(PLAIN | NetDevice.F_GUEST_CSUM | NetDevice.F_GUEST_TSO6);
        assertThat(wire.offloads).containsExactly("csum tso4 tso6", "", "csum tso6");
    }

    @Test
    void aFrameFillsOneBufferAndTheRestServesTheNext() {
        driver.startAll();
        addBuffers(ENOUGH_BUFFERS);
        byte[] first = frame(100);
        byte[] second = frame(1400);
        wire.toGuest.add(first);
        driver.kick(RX);
        wire.toGuest.add(second);
        driver.transport.onBackendReadable();
        assertThat(receive(1)).isEqualTo(first);
        // fewer than the longest frame needs are left: more are needed before the next
        assertThat(driver.queue(RX).takeUsed()).isNull();
        assertThat(driver.interest).isZero();
        addBuffers(1);
        driver.kick(RX);
        assertThat(receive(1)).isEqualTo(second);
    }

    @Test
    void aSegmentFillsManyBuffersShownAtOnce() {
        driver.startAll();
        addBuffers(200);
        byte[] large = frame(65_550);
        byte[] small = frame(60);
        wire.toGuest.add(large);
        wire.toGuest.add(small);
        driver.kick(RX);
        assertThat(receive(ENOUGH_BUFFERS)).isEqualTo(large);
        assertThat(receive(1)).isEqualTo(small);
        assertThat(device.activity().packetsIn()).isEqualTo(2);
        assertThat(device.activity().bytesIn()).isEqualTo(65_550 + 60);
        assertThat(driver.interest).isEqualTo(Epoll.IN);
    }

    @Test
    void withoutMergeableBuffersEachFrameHasOne() {
        driver.start(PLAIN);
        for (int i = 0; i < 3; i++) {
            long at = driver.allocate(BUFFER);
            driver.queue(RX).add(writable(at, HEADER), writable(at + HEADER, BUFFER - HEADER));
        }
        byte[] one = frame(1514);
        byte[] two = frame(60);
        wire.toGuest.add(one);
        wire.toGuest.add(two);
        driver.kick(RX);
        assertThat(receiveScattered()).isEqualTo(one);
        assertThat(receiveScattered()).isEqualTo(two);
    }

    @Test
    void framesWaitOutsideUntilThereAreBuffers() {
        driver.startAll();
        wire.toGuest.add(frame(60));
        driver.kick(RX);
        assertThat(wire.reads).isZero();
        assertThat(driver.interest).as("no use in hearing of frames").isZero();
        addBuffers(ENOUGH_BUFFERS);
        driver.kick(RX);
        assertThat(driver.queue(RX).takeUsed()).isNotNull();
    }

    @Test
    void aBurstIsSplitIntoTurns() {
        driver.startAll();
        addBuffers(250);
        for (int i = 0; i < Limits.PACKETS_PER_TURN + 5; i++) {
            wire.toGuest.add(frame(60));
        }
        driver.kick(RX);
        assertThat(driver.queue(RX).takeAllUsed()).hasSize(Limits.PACKETS_PER_TURN);
        assertThat(driver.interest).isEqualTo(Epoll.IN);
        driver.transport.onBackendReadable();
        assertThat(driver.queue(RX).takeAllUsed()).hasSize(5);
    }

    @Test
    void smallBuffersOfAWholeQueueAreUsedAsTheyAre() {
        driver.startAll();
        long at = driver.allocate(64);
        for (int i = 0; i < Limits.QUEUE_SIZE; i++) {
            driver.queue(RX).add(writable(at, 64));
        }
        wire.toGuest.add(frame(1000));
        driver.kick(RX);
        assertThat(driver.queue(RX).takeAllUsed()).hasSize((1000 + HEADER + 63) / 64);
    }

    @Test
    void impossibleReceiveBuffersAreLies() {
        driver.startAll();
        driver.queue(RX).add(writable(driver.allocate(11), 11));
        driver.kick(RX);
        driver.startAll();
        driver.queue(RX).add(readable(driver.allocate(64), 64), writable(driver.allocate(64), 64));
        driver.kick(RX);
        driver.startAll();
        driver.queue(RX).add(writable(driver.allocate(8), 8), writable(driver.allocate(64), 64));
        driver.kick(RX);
        driver.start(PLAIN);
        driver.queue(RX).add(writable(driver.allocate(1000), 1000));
        driver.kick(RX);
        assertThat(driver.lies)
                .containsExactly(
                        "virtio device 1: receive buffer of 11 bytes",
                        "virtio device 1: readable descriptor in a receive buffer",
                        "virtio device 1: receive buffer whose first 8 bytes do not hold the header",
                        "virtio device 1: receive buffer of 1000 bytes");
        assertThat(wire.reads).isZero();
    }

    @Test
    void sendsHeaderAndFrame() {
        driver.startAll();
        byte[] frame = frame(1000);
        long at = driver.place(frame);
        driver.queue(TX).add(readable(at, HEADER), readable(at + HEADER, 14), readable(at + HEADER + 14, 986));
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(frame);
        assertThat(driver.queue(TX).takeUsed()).isEqualTo(new Used(0, 0));
        assertThat(device.activity().packetsOut()).isEqualTo(1);
        assertThat(device.activity().bytesOut()).isEqualTo(1000);
    }

    @Test
    void sendsIndirectSegments() {
        driver.startAll();
        byte[] frame = frame(Limits.NET_FRAME_BYTES - HEADER);
        long at = driver.place(frame);
        driver.queue(TX).addIndirect(driver.allocate(32), readable(at, 4000), readable(at + 4000, frame.length - 4000));
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(frame);
    }

    @Test
    void oddFramesAndBackendErrorsAreDropsNotFailures() {
        driver.startAll();
        long at = driver.allocate(70_000);
        driver.queue(TX).add(readable(at, HEADER + 13));
        driver.queue(TX).add(readable(at, Limits.NET_FRAME_BYTES + 1));
        driver.kick(TX);
        wire.failure = -Errno.EAGAIN;
        driver.queue(TX).add(readable(driver.place(frame(88)), 100));
        driver.kick(TX);
        assertThat(driver.queue(TX).takeAllUsed()).hasSize(3);
        assertThat(device.activity().dropped()).isEqualTo(3);
        assertThat(device.activity().packetsOut()).isZero();
        assertThat(driver.lies).isEmpty();
    }

    /** §5.1.6.2.1: what was not negotiated is not asked for; a drop, because no other guest is harmed by it. */
    @Test
    void offloadsThatWereNotNegotiatedAreDropped() {
        record Case(long features, int flags, int gsoType, boolean sent) {}
        long csum = NetDevice.F_CSUM;
        Case[] cases = {
            new Case(0, 0, 0, true),
            new Case(0, 1, 0, false),
            new Case(csum, 1, 0, true),
            new Case(csum, 1, 1, false),
            new Case(csum | NetDevice.F_HOST_TSO4, 1, 1, true),
            new Case(csum | NetDevice.F_HOST_TSO4, 1, 4, false),
            new Case(csum | NetDevice.F_HOST_TSO6, 1, 4, true),
            new Case(csum | NetDevice.HOST_TSO, 1, 3, false), // UFO
            new Case(csum | NetDevice.HOST_TSO, 1, 5, false), // USO
            new Case(csum | NetDevice.HOST_TSO, 1, 0x81, false), // ECN
        };
        for (Case tried : cases) {
            driver.start(PLAIN | tried.features);
            byte[] frame = frame(100);
            frame[0] = (byte) tried.flags;
            frame[1] = (byte) tried.gsoType;
            frame[6] = 34; // csum_start
            driver.queue(TX).add(readable(driver.place(frame), frame.length));
            driver.kick(TX);
            assertThat(driver.queue(TX).takeUsed()).isNotNull();
            assertThat(wire.fromGuest).as("%s", tried).hasSize(tried.sent ? 1 : 0);
            wire.fromGuest.clear();
        }
        assertThat(device.activity().dropped()).isEqualTo(6);
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void unknownFlagsOfTheHeaderGoNoFurther() {
        driver.startAll();
        byte[] frame = frame(100);
        frame[0] = (byte) 0xfe;
        driver.queue(TX).add(readable(driver.place(frame), frame.length));
        driver.kick(TX);
        assertThat(wire.fromGuest.getFirst()[0]).isZero();
    }

    /** §5.1.6.4.1: the tap says "checksum is valid" of frames that the host forwards. */
    @Test
    void aDriverWithoutChecksumsGetsNoFlags() {
        for (boolean checksums : new boolean[] {false, true}) {
            driver.start(PLAIN | (checksums ? NetDevice.F_GUEST_CSUM : 0));
            long at = driver.allocate(BUFFER);
            driver.queue(RX).add(writable(at, BUFFER));
            byte[] frame = frame(100);
            frame[0] = 2;
            wire.toGuest.add(frame);
            driver.kick(RX);
            assertThat(memory.getByte(at)).isEqualTo((byte) (checksums ? 2 : 0));
        }
    }

    @Test
    void buffersAsTheSpecificationAsksForAreTaken() {
        driver.start(PLAIN);
        driver.queue(RX).add(writable(driver.allocate(1526), 1526));
        wire.toGuest.add(frame(1514));
        driver.kick(RX);
        assertThat(driver.queue(RX).takeUsed()).isEqualTo(new Used(0, 1526));
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void aDeadBackendIsNotAskedAgainAndAgain() {
        driver.startAll();
        addBuffers(100);
        driver.kick(RX);
        assertThat(driver.interest).isEqualTo(Epoll.IN);
        wire.failure = -Errno.EIO;
        driver.transport.onBackendReadable();
        assertThat(driver.interest).isZero();
        wire.failure = 0;
        wire.toGuest.add(frame(60));
        driver.kick(RX);
        assertThat(driver.queue(RX).takeUsed()).isNotNull();
        assertThat(driver.interest).isEqualTo(Epoll.IN);
    }

    @Test
    void writableBuffersToSendAreLies() {
        driver.startAll();
        driver.queue(TX).add(readable(driver.allocate(64), 64), writable(driver.allocate(64), 64));
        driver.kick(TX);
        assertThat(driver.lies).containsExactly("virtio device 1: writable descriptor in a frame to send");
        assertThat(wire.fromGuest).isEmpty();
    }

    @Test
    void activityShowsTimeAndTheFirstPacketOut() {
        int[] called = {0};
        driver.startAll();
        device.activity().onNextPacketOut(() -> called[0]++);
        assertThat(device.activity().lastPacketNanos()).isEqualTo(1000);
        now = 2000;
        wire.toGuest.add(frame(60));
        addBuffers(ENOUGH_BUFFERS);
        driver.kick(RX);
        assertThat(device.activity().lastPacketNanos()).isEqualTo(2000);
        assertThat(called[0]).isZero();
        now = 3000;
        long at = driver.place(frame(60));
        driver.queue(TX).add(readable(at, 72));
        driver.queue(TX).add(readable(at, 72));
        driver.kick(TX);
        assertThat(device.activity().lastPacketNanos()).isEqualTo(3000);
        assertThat(called[0]).isEqualTo(1);
    }

    @Test
    void knowsTheFirstFrameWithMoreThanHeaders() {
        int[] called = {0};
        driver.startAll();
        device.activity().onNextPayloadOut(() -> called[0]++);
        for (byte[] frame : List.of(
                ipv4(6, 0, 0x50, 0), // TCP, 20 bytes of header and nothing behind
                ipv4(6, 0, 0xa0, 20), // with 20 bytes of options
                ipv4(17, 8, 0, 0), // UDP without data
                ipv4(0x3a, 0, 0, 40))) {
            send(frame);
            assertThat(called[0]).isZero();
        }
        send(ipv4(6, 0, 0xa0, 21));
        assertThat(called[0]).isOne();
        for (byte[] frame : List.of(ipv4(17, 9, 0, 0), ipv4(1, 8, 0, 0), ipv4(6, 0, 0x50, 1000))) {
            device.activity().onNextPayloadOut(() -> called[0] = 9);
            send(frame);
            assertThat(called[0]).isEqualTo(9);
            called[0] = 0;
        }
    }

    private void send(byte[] frame) {
        long at = driver.place(frame);
        driver.queue(TX).add(readable(at, frame.length));
        driver.kick(TX);
    }

    /** An IPv4 packet; of TCP at least its fixed header, with that byte for the data offset. */
    private static byte[] ipv4(int protocol, int bytes, int tcpDataOffset, int more) {
        int behind = (protocol == 6 ? 20 : bytes) + more;
        byte[] frame = new byte[HEADER + 14 + 20 + behind];
        System.arraycopy(MAC.toBytes(), 0, frame, HEADER + 6, 6);
        frame[HEADER + 12] = 8;
        frame[HEADER + 14] = 0x45;
        frame[HEADER + 14 + 9] = (byte) protocol;
        if (protocol == 6) {
            frame[HEADER + 14 + 20 + 12] = (byte) tcpDataOffset;
        }
        return frame;
    }

    /** Save and restore again and again under traffic, each time into a new machine: no frame lost, doubled or mixed up. */
    @Test
    void cyclesUnderTraffic() {
        driver.startAll();
        Random random = new Random(11);
        NetDevice current = device;
        TestDriver machine = driver;
        addBuffers(100);
        for (int cycle = 0; cycle < 300; cycle++) {
            byte[] frame = frame(60 + random.nextInt(5000));
            wire.toGuest.add(frame); // arrives while nobody runs
            MmioTransportState transport = machine.transport.save();
            StateWriter out = new StateWriter();
            current.save().write(out);

            current = new NetDevice(new NetConfig(MAC), wire, () -> now);
            machine = new TestDriver(current, memory);
            current.restore(NetState.read(new StateReader(out.toByteArray())));
            machine.transport.restore(transport);
            machine.transport.kickAll();
            assertThat(machine.interrupts).isPositive();
            assertThat(receive((frame.length + BUFFER - 1) / BUFFER)).isEqualTo(frame);
            assertThat(driver.queue(RX).takeUsed()).isNull();
            machine.acknowledge(3);
            addBuffers(random.nextInt(5));
            if (random.nextBoolean()) {
                machine.transport.onNotify(RX);
            }
            while (driver.queue(RX).freeDescriptors() > 150) {
                addBuffers(1);
            }
        }
        assertThat(wire.offloads).hasSize(301).allMatch(o -> o.equals("csum tso4 tso6"));
        assertThat(machine.lies).isEmpty();
    }

    @Test
    void aSaveTakesNothingFromAMachineThatGoesOn() {
        driver.startAll();
        addBuffers(100);
        driver.kick(RX);
        driver.transport.save();
        byte[] frame = frame(3000);
        wire.toGuest.add(frame);
        driver.transport.onBackendReadable();
        assertThat(receive(2)).isEqualTo(frame);
    }

    @Test
    void stoppingTheReceiveQueueIsSafe() {
        driver.startAll();
        addBuffers(100);
        driver.kick(RX);
        driver.write(0x30, RX);
        driver.write(0x44, 0);
        wire.toGuest.add(frame(60));
        driver.transport.onBackendReadable();
        assertThat(driver.queue(RX).takeUsed()).isNull();
        assertThat(driver.interest).isZero();
    }

    @Test
    void stateIsOfThisDevice() {
        NetState other = new NetState(new MacAddress(0x02_00_00_00_00_01L), false);
        assertThatThrownBy(() -> device.restore(other))
                .isInstanceOf(CorruptStateException.class)
                .hasMessage("the MAC address was 02:00:00:00:00:01 and is now 02:1a:03:04:05:fe");
        byte[] multicast =
                new StateWriter().u64(0x01_00_00_00_00_01L).bool(false).toByteArray();
        byte[] tooLong = new StateWriter().u64(1L << 48).bool(false).toByteArray();
        byte[] half = new StateWriter().u64(MAC.value()).u8(2).toByteArray();
        byte[] broadcast = new StateWriter().u64(0xffff_ffff_ffffL).bool(false).toByteArray();
        for (byte[] bad : new byte[][] {tooLong, broadcast, multicast, half}) {
            assertThatThrownBy(() -> NetState.read(new StateReader(bad))).isInstanceOf(CorruptStateException.class);
        }
    }

    private void addBuffers(int count) {
        for (int i = 0; i < count; i++) {
            // one place for all: each buffer is looked at before the next frame comes, except those of one frame
            long at = 1_500_000 + (long) (nextBuffer++ % 1000) * BUFFER;
            driver.queue(RX).add(writable(at, BUFFER));
            bufferOf[driver.queue(RX).availIndex() & 0xffff] = at;
        }
    }

    private int nextBuffer;
    private int nextTaken;
    private final long[] bufferOf = new long[1 << 16];

    /** Takes one frame that must be in so many buffers. */
    private byte[] receive(int buffers) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        for (int i = 0; i < buffers; i++) {
            Used used = driver.queue(RX).takeUsed();
            assertThat(used).as("buffer %d", i).isNotNull();
            if (used == null) {
                break;
            }
            long at = bufferOf[++nextTaken & 0xffff];
            byte[] part = memory.read(at, (int) used.length());
            if (i == 0) {
                assertThat(memory.getShort(at + 10)).as("num_buffers").isEqualTo((short) buffers);
                part[10] = 0;
                part[11] = 0;
            }
            frame.writeBytes(part);
        }
        driver.queue(RX).setUsedEvent(nextTaken); // as NAPI does when it has nothing left to do
        return frame.toByteArray();
    }

    private long scattered = 1 << 20;

    private byte[] receiveScattered() {
        Used used = driver.queue(RX).takeUsed();
        assertThat(used).isNotNull();
        byte[] frame = used == null ? new byte[0] : memory.read(scattered, (int) used.length());
        assertThat(frame[10]).isEqualTo((byte) 1);
        frame[10] = 0;
        scattered += BUFFER;
        return frame;
    }

    private final Random content = new Random(5);

    /** A frame of so many bytes behind an empty header. */
    private byte[] frame(int bytes) {
        byte[] frame = new byte[HEADER + bytes];
        content.nextBytes(frame);
        Arrays.fill(frame, 0, HEADER, (byte) 0);
        System.arraycopy(MAC.toBytes(), 0, frame, HEADER + 6, 6);
        frame[HEADER + 12] = 0x08;
        frame[HEADER + 13] = 0x00;
        frame[HEADER + 14] = 0x45;
        return frame;
    }
}
