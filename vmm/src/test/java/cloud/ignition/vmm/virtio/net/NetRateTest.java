package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Rate limits, on a clock that this test sets. */
class NetRateTest {
    private static final int RX = NetDevice.RECEIVE;
    private static final int TX = NetDevice.TRANSMIT;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final MacAddress MAC = new MacAddress(0x02_00_00_00_00_01L);
    private static final int FRAME = 1000;
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    /** Ten frames at once, then one each millisecond. */
    private static final NetRate BYTES =
            new NetRate(Optional.of(new NetRate.Budget(1_000_000, 10_000)), Optional.empty());

    private static final NetRate PACKETS = new NetRate(Optional.empty(), Optional.of(new NetRate.Budget(1000, 10)));
    private static final NetRate BOTH =
            new NetRate(Optional.of(new NetRate.Budget(1_000_000, 100_000)), Optional.of(new NetRate.Budget(1000, 10)));

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final MemoryBackend wire = new MemoryBackend(memory);
    private long now = 5_000_000;
    private NetDevice device = new NetDevice(new NetConfig(MAC), wire, () -> now);
    private TestDriver driver = new TestDriver(device, memory);

    @AfterEach
    void close() {
        driver.transport.close();
    }

    @Test
    void framesOfTheGuestWaitInTheirQueue() {
        for (NetRate rate : List.of(BYTES, PACKETS, BOTH)) {
            start(rate);
            for (int i = 0; i < 15; i++) {
                send(FRAME);
            }
            driver.kick(TX);
            assertThat(wire.fromGuest).as("the burst").hasSize(10);
            assertThat(driver.queue(TX).takeAllUsed()).hasSize(10);
            driver.kick(TX);
            driver.transport.kickAll();
            assertThat(wire.fromGuest).as("a kick does not help").hasSize(10);
            now += 3 * MILLI;
            driver.transport.onTimer();
            assertThat(wire.fromGuest).hasSize(13);
            now += 100 * MILLI;
            driver.transport.onTimer();
            assertThat(wire.fromGuest).hasSize(15);
            assertThat(device.activity().dropped()).isZero();
            send(FRAME);
            driver.kick(TX);
            assertThat(wire.fromGuest).as("no more waiting").hasSize(16);
        }
    }

    @Test
    void framesForTheGuestWaitInTheTap() {
        for (NetRate rate : List.of(BYTES, PACKETS, BOTH)) {
            start(rate);
            for (int i = 0; i < 100; i++) {
                driver.queue(RX).add(writable(driver.allocate(1536), 1536));
            }
            for (int i = 0; i < 15; i++) {
                wire.toGuest.add(frame(FRAME));
            }
            driver.kick(RX);
            assertThat(wire.toGuest).as("after the burst").hasSize(5);
            assertThat(driver.interest).as("the tap is not looked at").isZero();
            driver.kick(RX);
            driver.transport.onBackendReadable();
            assertThat(wire.toGuest).hasSize(5);
            now += 2 * MILLI;
            driver.transport.onTimer();
            assertThat(wire.toGuest).hasSize(3);
            now += 100 * MILLI;
            driver.transport.onTimer();
            assertThat(wire.toGuest).isEmpty();
            assertThat(driver.interest).isEqualTo(Epoll.IN);
            assertThat(driver.queue(RX).takeAllUsed()).hasSize(15);
        }
    }

    @Test
    void theDirectionsHaveBudgetsOfTheirOwn() {
        start(PACKETS);
        for (int i = 0; i < 100; i++) {
            driver.queue(RX).add(writable(driver.allocate(1536), 1536));
        }
        for (int i = 0; i < 12; i++) {
            wire.toGuest.add(frame(60));
            send(60);
        }
        driver.kick(RX);
        driver.kick(TX);
        assertThat(wire.toGuest).hasSize(2);
        assertThat(wire.fromGuest).hasSize(10);
        now += MILLI;
        driver.transport.onTimer();
        assertThat(wire.toGuest).hasSize(1);
        assertThat(wire.fromGuest).hasSize(11);
    }

    /** A large segment passes a small budget, on credit, and counts as the packets the host makes of it. */
    @Test
    void aLargeSegmentIsPaidForAfterwards() {
        start(BYTES);
        send(60_000);
        send(60);
        driver.kick(TX);
        assertThat(wire.fromGuest).hasSize(1);
        now += 50 * MILLI;
        driver.transport.onTimer();
        assertThat(wire.fromGuest).as("the debt is 50,000 bytes").hasSize(1);
        now += MILLI;
        driver.transport.onTimer();
        assertThat(wire.fromGuest).hasSize(2);

        start(PACKETS);
        byte[] segment = frame(60_000);
        segment[1] = FrameHead.GSO_TCPV4;
        segment[2] = (byte) 0xff; // hdr_len, a lie
        segment[3] = (byte) 0xff;
        segment[4] = (byte) (1000 & 0xff);
        segment[5] = (byte) (1000 >> 8);
        driver.queue(TX).add(readable(driver.place(segment), segment.length));
        send(60);
        driver.kick(TX);
        now += 50 * MILLI;
        driver.transport.onTimer();
        assertThat(wire.fromGuest).as("60 packets of a budget of 10").hasSize(1);
        now += MILLI;
        driver.transport.onTimer();
        assertThat(wire.fromGuest).hasSize(2);
    }

    @Test
    void framesThatAreDroppedCostToo() {
        start(PACKETS);
        for (int i = 0; i < 12; i++) {
            byte[] forged = frame(60);
            forged[HEADER + 6] = 4;
            driver.queue(TX).add(readable(driver.place(forged), i == 0 ? 20 : forged.length));
        }
        driver.kick(TX);
        assertThat(driver.queue(TX).takeAllUsed()).hasSize(10);
        assertThat(device.activity().spoofed()).isEqualTo(9);
        assertThat(device.activity().dropped()).isEqualTo(1);
    }

    /** One direction that keeps going does not put off the other one's turn. */
    @Test
    void theTimerIsRealAndForWhoeverIsFirst() {
        start(new NetRate(Optional.empty(), Optional.of(new NetRate.Budget(1000, 1))));
        try (Epoll epoll = Epoll.create()) {
            epoll.add(driver.transport.timerFd().orElseThrow(), Epoll.IN, 0);
            Epoll.Events events = new Epoll.Events(1);
            assertThat(epoll.await(events, 0)).isZero();
            send(60);
            send(60);
            driver.kick(TX);
            assertThat(epoll.await(events, 10_000)).isEqualTo(1);
            now += MILLI;
            driver.transport.onTimer();
            assertThat(wire.fromGuest).hasSize(2);
            driver.write(0x70, 0);
            assertThat(epoll.await(events, 0)).as("quiet after a reset").isZero();
        }
    }

    @Test
    void waitingFramesAreCarriedOverASave() {
        start(PACKETS);
        for (int i = 0; i < 15; i++) {
            send(60);
        }
        driver.kick(TX);
        driver.transport.drain();
        MmioTransportState state = driver.transport.save();
        NetState own = device.save();
        device = new NetDevice(config(PACKETS), wire, () -> now);
        TestDriver restored = new TestDriver(device, memory);
        device.restore(own);
        restored.transport.restore(state);
        restored.transport.kickAll();
        assertThat(wire.fromGuest).hasSize(15);
        restored.transport.close();
    }

    @Test
    void aDeviceWithoutALimitHasNoTimer() {
        assertThat(driver.transport.timerFd()).isEmpty();
    }

    @Test
    void impossibleBudgetsAreRefused() {
        for (long bad : new long[] {0, -1, 1_000_000_001}) {
            assertThatThrownBy(() -> new NetRate.Budget(bad, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new NetRate.Budget(1, bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private void start(NetRate rate) {
        driver.transport.close();
        wire.fromGuest.clear();
        wire.toGuest.clear();
        device = new NetDevice(config(rate), wire, () -> now);
        driver = new TestDriver(device, memory).startAll();
    }

    private static NetConfig config(NetRate rate) {
        return new NetConfig(MAC, List.of(), rate, false);
    }

    private void send(int frameBytes) {
        driver.queue(TX).add(readable(driver.place(frame(frameBytes)), HEADER + frameBytes));
    }

    private static byte[] frame(int frameBytes) {
        byte[] frame = new byte[HEADER + frameBytes];
        System.arraycopy(MAC.toBytes(), 0, frame, HEADER + 6, MacAddress.BYTES);
        frame[HEADER + 12] = 0x08;
        frame[HEADER + 14] = 0x45;
        return frame;
    }
}
