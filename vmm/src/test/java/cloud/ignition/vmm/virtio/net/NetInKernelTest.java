package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A network device whose queues the kernel serves while the machine runs. */
class NetInKernelTest {
    private static final int RX = NetDevice.RECEIVE;
    private static final int TX = NetDevice.TRANSMIT;
    private static final int USED = Virtio.INTERRUPT_USED_BUFFER;
    private static final int QUEUE_READY = 0x44;
    private static final int QUEUE_SEL = 0x30;
    private static final MacAddress MAC = MacAddress.of(new byte[] {2, 0, 0, 0, 0, 1});
    private static final long ALL =
            KernelQueues.REQUIRED | KernelQueues.PASSED_ON | NetDevice.F_MAC | NetDevice.F_CSUM | NetDevice.F_CTRL_VQ;

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final MemoryBackend wire = new MemoryBackend(memory);
    private final FakeKernel kernel = new FakeKernel(memory);
    private long now = 1000;
    private final NetDevice device = device(Optional.of(kernel));
    private final TestDriver driver = new TestDriver(device, memory);
    private byte next;

    private NetDevice device(Optional<KernelQueues> served) {
        return new NetDevice(new NetConfig(MAC), wire, served, () -> now);
    }

    @AfterEach
    void closeTheDevice() {
        driver.transport.close();
        assertThat(kernel.serves()).isFalse();
        assertThat(kernel.closed).isTrue();
    }

    @Test
    void theKernelMovesFramesBothWays() {
        driver.start(ALL);
        assertThat(kernel.serves()).isTrue();
        assertThat(kernel.passedOn).isEqualTo(KernelQueues.PASSED_ON);
        byte[] out = send();
        driver.kick(TX);
        kernel.sendAll();
        assertThat(kernel.sent).containsExactly(out);
        assertThat(wire.fromGuest).isEmpty();
        assertThat(driver.queue(TX).takeAllUsed()).hasSize(1);
        addBuffer();
        wire.toGuest.add(frame());
        driver.kick(RX);
        assertThat(wire.reads).isZero();
        kernel.deliver(frame());
        assertThat(driver.queue(RX).takeUsed()).isNotNull();
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void meanwhileTheDriverAlwaysReadsThatBuffersWereUsed() {
        driver.start(ALL);
        assertThat(driver.interruptStatus()).isEqualTo(USED);
        driver.acknowledge(USED);
        assertThat(driver.interruptStatus()).isEqualTo(USED);
        driver.transport.drain();
        assertThat(driver.interruptStatus()).as("one may be on its way").isEqualTo(USED);
        driver.acknowledge(USED);
        assertThat(driver.interruptStatus()).isZero();
        driver.transport.onResume();
        assertThat(driver.interruptStatus()).isEqualTo(USED);
        driver.write(0x070, 0);
        assertThat(driver.interruptStatus()).isZero();
    }

    @Test
    void aPauseSendsWhatTheKernelDidNotAndAResumeGoesOnInTheKernel() {
        driver.start(ALL);
        byte[] first = send();
        kernel.sendAll();
        byte[] second = send();
        driver.transport.drain();
        assertThat(kernel.serves()).isFalse();
        assertThat(kernel.sent).containsExactly(first);
        assertThat(wire.fromGuest).containsExactly(second);
        driver.transport.drain();
        driver.transport.onResume();
        assertThat(kernel.starts).isEqualTo(2);
        byte[] third = send();
        kernel.sendAll();
        assertThat(kernel.sent).containsExactly(first, third);
        assertThat(driver.queue(TX).takeAllUsed()).hasSize(3);
    }

    @Test
    void framesThatComeDuringAPauseStayInTheTap() {
        driver.start(ALL);
        addBuffer();
        driver.transport.drain();
        wire.toGuest.add(frame());
        driver.transport.onResume();
        assertThat(wire.reads).isZero();
        kernel.deliver(frame());
        assertThat(driver.queue(RX).takeUsed()).isNotNull();
    }

    @Test
    void whatWasSavedWithTheKernelGoesOnWithoutAndTheOtherWayRound() {
        driver.start(ALL);
        addBuffer();
        addBuffer();
        kernel.deliver(frame());
        send();
        kernel.sendAll();
        MmioTransportState saved = driver.transport.save();
        assertThat(saved.interruptStatus()).isEqualTo(USED);
        assertThat(saved.queues().get(RX).nextAvail()).isEqualTo(1);
        assertThat(saved.queues().get(RX).nextUsed()).isEqualTo(1);
        assertThat(saved.queues().get(TX).nextUsed()).isEqualTo(1);

        NetDevice plain = device(Optional.empty());
        TestDriver without = new TestDriver(plain, memory);
        plain.restore(device.save());
        without.transport.restore(saved);
        without.transport.kickAll();
        without.transport.onResume();
        assertThat(without.interrupts).as("what was on its way").isPositive();
        byte[] sent = send();
        without.transport.onKick(TX);
        assertThat(wire.fromGuest).containsExactly(sent);
        MmioTransportState again = without.transport.save();
        assertThat(again.queues().get(TX).nextAvail()).isEqualTo(2);

        FakeKernel other = new FakeKernel(memory);
        NetDevice third = device(Optional.of(other));
        TestDriver with = new TestDriver(third, memory);
        third.restore(plain.save());
        with.transport.restore(again);
        assertThat(other.serves()).as("before it runs").isFalse();
        with.transport.kickAll();
        with.transport.onResume();
        assertThat(other.serves()).isTrue();
        byte[] last = send();
        other.sendAll();
        other.deliver(frame());
        assertThat(other.sent).containsExactly(last);
        assertThat(driver.queue(TX).takeAllUsed()).hasSize(3);
        assertThat(driver.queue(RX).takeAllUsed()).hasSize(2);
        assertThat(with.lies).isEmpty();
        with.transport.close();
        without.transport.close();
    }

    @Test
    void aDriverWithoutTheFeaturesIsServedHere() {
        for (long missing : List.of(Virtio.F_EVENT_IDX, NetDevice.F_MRG_RXBUF, NetDevice.F_GUEST_CSUM)) {
            driver.start(ALL & ~missing);
            assertThat(kernel.serves()).as("without 0x%x", missing).isFalse();
        }
        byte[] sent = send();
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(sent);
        kernel.knows = ~Virtio.F_INDIRECT_DESC;
        driver.start(ALL);
        assertThat(kernel.serves()).as("what it does not know").isFalse();
        driver.start(ALL & ~Virtio.F_INDIRECT_DESC);
        assertThat(kernel.serves()).isTrue();
    }

    @Test
    void aKernelThatRefusesIsAskedAgainBehindTheNextReset() {
        kernel.refuses = true;
        driver.start(ALL);
        byte[] sent = send();
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(sent);
        kernel.refuses = false;
        driver.kick(TX);
        assertThat(kernel.serves()).isFalse();
        driver.start(ALL);
        assertThat(kernel.serves()).isTrue();
    }

    @Test
    void aQueueThatTheKernelCannotReadIsALie() {
        driver.start(ALL);
        driver.takeInterrupts();
        driver.transport.onKernelError();
        assertThat(driver.lies).hasSize(1);
        assertThat(driver.status() & Virtio.DEVICE_NEEDS_RESET).isNotZero();
        assertThat(driver.takeInterrupts()).isOne();
        assertThat(kernel.serves()).isFalse();
        driver.transport.onKernelError();
        driver.start(ALL);
        assertThat(kernel.starts).isEqualTo(2);
        byte[] sent = send();
        kernel.sendAll();
        assertThat(kernel.sent).containsExactly(sent);
    }

    @Test
    void aStoppedQueueIsTakenFromTheKernelAndTheOtherGoesOn() {
        driver.start(ALL);
        driver.write(QUEUE_SEL, RX);
        driver.write(QUEUE_READY, 0);
        assertThat(kernel.serves()).isFalse();
        byte[] sent = send();
        driver.kick(TX);
        assertThat(kernel.serves()).isFalse();
        assertThat(wire.fromGuest).containsExactly(sent);
    }

    @Test
    void whatTheDriverWritesOverTheUsedIndexIsItsOwnLoss() {
        driver.start(ALL);
        memory.setShort(driver.queue(TX).usedAddress() + 2, (short) 0xffff);
        MmioTransportState saved = driver.transport.save();
        assertThat(saved.queues().get(TX).nextUsed()).isEqualTo(0xffff);
        byte[] sent = send();
        kernel.refuses = true;
        driver.transport.onResume();
        driver.kick(TX);
        assertThat(wire.fromGuest).containsExactly(sent);
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void theFirstKickTellsOfTheFirstFrameAndOnlyThat() {
        AtomicInteger told = new AtomicInteger();
        driver.start(ALL);
        driver.transport.drain();
        device.activity().onNextPacketOut(told::incrementAndGet);
        driver.transport.kickAll();
        driver.transport.onResume();
        assertThat(told).hasValue(0);
        send();
        driver.kick(TX);
        assertThat(told).hasValue(1);
        assertThat(driver.unwatched).contains(TX);
        driver.kick(RX);
        assertThat(driver.unwatched).contains(RX);
        driver.transport.drain();
        assertThat(driver.unwatched).isEmpty();
    }

    @Test
    void trafficIsLookedForWhileThereIsSomeAndAwaitedOtherwise() {
        driver.start(ALL);
        assertThat(driver.interest).as("time tells").isZero();
        now = 2000;
        kernel.counted = Optional.of(new FrameCounts(1, 0, 60, 0));
        driver.transport.onTimer();
        assertThat(last()).isEqualTo(2000);
        now = 3000;
        driver.transport.onTimer();
        assertThat(driver.interest).as("a frame tells").isEqualTo(Epoll.IN | Epoll.ET);
        assertThat(driver.unwatched).doesNotContain(TX);
        assertThat(last()).isEqualTo(2000);

        now = 4000;
        driver.transport.onBackendReadable();
        assertThat(driver.interest).isZero();
        assertThat(driver.unwatched).contains(TX);
        kernel.counted = Optional.of(new FrameCounts(2, 1, 120, 90));
        driver.transport.onTimer();
        assertThat(last()).isEqualTo(4000);
        driver.transport.onTimer();
        driver.kick(TX);
        assertThat(driver.interest).as("a kick tells too").isZero();

        NetActivity seen = device.activityNow();
        assertThat(seen.packetsIn()).isEqualTo(1); // counted from the first look on
        assertThat(seen.packetsOut()).isEqualTo(1);
        assertThat(seen.bytesIn()).isEqualTo(60);
        assertThat(seen.bytesOut()).isEqualTo(90);
        assertThat(wire.reads).isZero();
    }

    @Test
    void whoeverAsksForTheActivityLooks() {
        driver.start(ALL);
        assertThat(last()).isEqualTo(1000);
        now = 5000;
        assertThat(last()).as("nothing came").isEqualTo(1000);
        kernel.counted = Optional.of(new FrameCounts(0, 1, 0, 60));
        assertThat(last()).isEqualTo(5000);
        kernel.counted = Optional.empty();
        now = 6000;
        assertThat(last()).as("nobody knows").isEqualTo(5000);
    }

    @Test
    void aRateLimitAndTheKernelDoNotGoTogether() {
        NetRate rate = new NetRate(Optional.of(new NetRate.Budget(1000, 1000)), Optional.empty());
        NetConfig limited = new NetConfig(MAC, List.of(), rate, false);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NetDevice(limited, wire, Optional.of(kernel), () -> now));
    }

    private long last() {
        return device.activityNow().lastPacketNanos();
    }

    private void addBuffer() {
        driver.queue(RX).add(writable(driver.allocate(1536), 1536));
    }

    /** A frame that the guest sends, with its header. */
    private byte[] send() {
        byte[] frame = frame();
        driver.queue(TX).add(readable(driver.place(frame), frame.length));
        return frame;
    }

    private byte[] frame() {
        byte[] frame = new byte[NetDevice.HEADER_BYTES + 60];
        Arrays.fill(frame, NetDevice.HEADER_BYTES, frame.length, ++next);
        byte[] mac = MAC.toBytes();
        System.arraycopy(mac, 0, frame, NetDevice.HEADER_BYTES + MacAddress.BYTES, mac.length);
        return frame;
    }
}
