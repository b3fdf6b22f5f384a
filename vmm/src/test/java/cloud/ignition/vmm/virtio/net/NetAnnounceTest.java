package cloud.ignition.vmm.virtio.net;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The control queue, and its one use: a restored guest that announces itself. */
class NetAnnounceTest {
    private static final int CONTROL = NetDevice.CONTROL;
    private static final int STATUS = 0x106;
    private static final MacAddress MAC = new MacAddress(0x02_00_00_00_00_01L);

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final MemoryBackend wire = new MemoryBackend(memory);
    private final TestDriver driver = new TestDriver(device(false), memory);

    @Test
    void announcingNeedsTheControlQueue() {
        driver.negotiate(Virtio.F_VERSION_1 | NetDevice.F_GUEST_ANNOUNCE);
        assertThat(driver.status() & Virtio.FEATURES_OK).isZero();
    }

    /** The normal wake: same tap, same address, so no interrupt and no packet. */
    @Test
    void aRestoredGuestIsNotAskedUnlessItsOwnerWantsIt() {
        driver.startAll();
        TestDriver woken = restore(driver, false);
        assertThat(woken.transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP);
        assertThat(woken.interruptStatus() & Virtio.INTERRUPT_CONFIG_CHANGE).isZero();
    }

    @Test
    void aRestoredGuestIsAskedUntilItSaysThatItHas() {
        driver.startAll();
        long generation = driver.read(0xfc);
        TestDriver moved = restore(driver, true);
        assertThat(moved.transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP | NetDevice.S_ANNOUNCE);
        assertThat(moved.interruptStatus()).isEqualTo(Virtio.INTERRUPT_CONFIG_CHANGE);
        assertThat(moved.takeInterrupts()).isPositive();
        assertThat((long) moved.read(0xfc)).isNotEqualTo(generation);
        moved.acknowledge(Virtio.INTERRUPT_CONFIG_CHANGE);

        TestDriver saved = restore(moved, false); // before it came to that
        assertThat(saved.transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP | NetDevice.S_ANNOUNCE);

        assertThat(command(saved, NetDevice.CONTROL, 3, 0)).isEqualTo(NetControl.OK);
        assertThat(saved.transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP);
        assertThat(restore(saved, false).transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP);
    }

    @Test
    void aDriverThatCannotIsNotAsked() {
        driver.start(driver.offered() & ~NetDevice.F_GUEST_ANNOUNCE);
        assertThat(restore(driver, true).transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP);
    }

    @Test
    void aResetForgetsTheWish() {
        driver.startAll();
        TestDriver moved = restore(driver, true);
        moved.startAll();
        assertThat(moved.transport.read(STATUS, 2)).isEqualTo(NetDevice.S_LINK_UP);
    }

    @ParameterizedTest
    @CsvSource({"3, 0, 0", "3, 1, 1", "0, 0, 1", "1, 0, 1", "2, 0, 1", "4, 0, 1", "5, 0, 1", "255, 255, 1"})
    void unknownCommandsAreErrors(int commandClass, int number, byte answer) {
        driver.startAll();
        assertThat(command(driver, CONTROL, commandClass, number)).isEqualTo(answer);
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void commandsThatCannotBeAnsweredAreLies() {
        driver.startAll();
        driver.queue(CONTROL).add(readable(driver.allocate(2), 2));
        driver.kick(CONTROL);
        driver.startAll();
        driver.queue(CONTROL).add(readable(driver.allocate(1), 1), writable(driver.allocate(1), 1));
        driver.kick(CONTROL);
        assertThat(driver.lies)
                .containsExactly(
                        "virtio device 1: control command of 2 readable and 0 writable bytes",
                        "virtio device 1: control command of 1 readable and 1 writable bytes");
        driver.startAll();
        assertThat(command(driver, CONTROL, 3, 0)).isEqualTo(NetControl.OK);
    }

    private byte command(TestDriver machine, int queue, int commandClass, int number) {
        long at = driver.place(new byte[] {(byte) commandClass, (byte) number});
        long ack = driver.place(new byte[] {0x55});
        int head = driver.queue(queue).add(readable(at, 1), readable(at + 1, 1), writable(ack, 1));
        machine.kick(queue);
        assertThat(driver.queue(queue).takeUsed()).isEqualTo(new Used(head, 1));
        return memory.getByte(ack);
    }

    private TestDriver restore(TestDriver old, boolean announce) {
        MmioTransportState transport = old.transport.save();
        StateWriter out = new StateWriter();
        ((NetDevice) old.transport.device()).save().write(out);
        NetDevice device = device(announce);
        TestDriver fresh = new TestDriver(device, memory);
        device.restore(NetState.read(new StateReader(out.toByteArray())));
        fresh.transport.restore(transport);
        fresh.transport.kickAll();
        return fresh;
    }

    private NetDevice device(boolean announce) {
        return new NetDevice(new NetConfig(MAC, List.of(), NetRate.UNLIMITED, announce), wire, () -> 0);
    }
}
