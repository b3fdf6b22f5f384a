package cloud.ignition.vmm.virtio.console;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ConsoleDeviceTest {
    private static final int RX = ConsoleDevice.RECEIVE;
    private static final int TX = ConsoleDevice.TRANSMIT;

    private final List<byte[]> output = new ArrayList<>();
    private final ConsoleDevice device = new ConsoleDevice(output::add);
    private final TestDriver driver = new TestDriver(device).startAll();

    @Test
    void outputArrivesInOrder() {
        long first = driver.place("o hel".getBytes(UTF_8));
        long second = driver.place("lo\n".getBytes(UTF_8));
        driver.queue(TX).add(readable(first, 5), readable(second, 3));
        driver.queue(TX).add(readable(first, 1));
        driver.kick(TX);
        assertThat(text()).isEqualTo("o hello\no");
        assertThat(driver.queue(TX).takeAllUsed()).extracting(Used::length).containsExactly(0L, 0L);
    }

    @Test
    void longOutputComesInBoundedPieces() {
        byte[] data = new byte[100_000];
        new Random(3).nextBytes(data);
        driver.queue(TX).add(readable(driver.place(data), data.length));
        driver.kick(TX);
        assertThat(output).allMatch(piece -> piece.length <= Limits.CONSOLE_OUTPUT_PIECE_BYTES);
        assertThat(joined()).isEqualTo(data);
    }

    @Test
    void hugeOrWritableOutputIsALie() {
        long at = driver.allocate(1 << 19);
        driver.queue(TX).add(readable(at, 1 << 19), readable(at, 1 << 19), readable(at, 1));
        driver.kick(TX);
        assertThat(driver.lies)
                .containsExactly("virtio device 3: console output of 1048577 readable and 0 writable bytes");
        driver.startAll();
        driver.queue(TX).add(readable(at, 1), writable(at, 1));
        driver.kick(TX);
        assertThat(driver.lies).hasSize(2);
        assertThat(output).isEmpty();
    }

    @Test
    void inputGoesWhereTheGuestHasRoom() {
        long at = driver.allocate(16);
        driver.queue(RX).add(writable(at, 4));
        assertThat(device.send("signal 15\n".getBytes(UTF_8))).isTrue();
        driver.runRequested();
        assertThat(driver.queue(RX).takeUsed()).isEqualTo(new Used(0, 4));
        assertThat(driver.memory.read(at, 4)).isEqualTo("sign".getBytes(UTF_8));
        assertThat(driver.queue(RX).takeUsed()).isNull();
        driver.queue(RX).add(writable(at, 3), writable(at + 3, 13));
        driver.kick(RX);
        assertThat(driver.queue(RX).takeUsed()).isEqualTo(new Used(1, 6));
        assertThat(driver.memory.read(at, 6)).isEqualTo("al 15\n".getBytes(UTF_8));
    }

    /** A guest that takes its input byte by byte does not keep the event loop from its other work. */
    @Test
    void inputIsDeliveredInTurns() {
        device.send(new byte[Limits.CONSOLE_INPUT_QUEUE_SIZE + 1]);
        driver.requested.clear();
        for (int i = 0; i < Limits.CONSOLE_INPUT_QUEUE_SIZE; i++) {
            driver.queue(RX).add(writable(driver.allocate(1), 1));
        }
        driver.transport.onNotify(RX);
        assertThat(driver.queue(RX).takeAllUsed()).hasSize(Limits.CONSOLE_INPUT_QUEUE_SIZE);
        assertThat(driver.requested).containsExactly(RX);
    }

    @Test
    void inputBeforeTheDriverIsReadyWaits() {
        ConsoleDevice early = new ConsoleDevice(output::add);
        TestDriver late = new TestDriver(early);
        early.send(new byte[] {7});
        assertThat(late.requested).isEmpty();
        late.startAll();
        long at = late.allocate(1);
        late.queue(RX).add(writable(at, 1));
        late.kick(RX);
        assertThat(late.memory.getByte(at)).isEqualTo((byte) 7);
    }

    @Test
    void inputIsBoundedAndTakenWholeOrNotAtAll() {
        assertThat(device.send(new byte[Limits.CONSOLE_INPUT_BYTES - 1])).isTrue();
        assertThat(device.send(new byte[2])).isFalse();
        assertThat(device.send(new byte[1])).isTrue();
        assertThat(device.send(new byte[1])).isFalse();
        assertThat(device.save().pendingInput()).hasSize(Limits.CONSOLE_INPUT_BYTES);
    }

    @Test
    void readableInputBuffersAreLies() {
        device.send(new byte[] {1});
        driver.queue(RX).add(readable(driver.allocate(1), 1));
        driver.kick(RX);
        assertThat(driver.lies).containsExactly("virtio device 3: readable descriptor in a console input buffer");
        assertThat(device.save().pendingInput()).as("not lost").hasSize(1);
    }

    @Test
    void pendingInputIsDeliveredAfterARestore() {
        device.send("signal 2\n".getBytes(UTF_8));
        StateWriter out = new StateWriter();
        device.save().write(out);
        ConsoleState state = ConsoleState.read(new StateReader(out.toByteArray()));
        assertThat(state).isEqualTo(device.save()).hasSameHashCodeAs(device.save());
        long at = driver.allocate(64);
        driver.queue(RX).add(writable(at, 64));
        MmioTransportState transport = driver.transport.save();

        ConsoleDevice copy = new ConsoleDevice(output::add);
        TestDriver restored = new TestDriver(copy, driver.memory);
        copy.restore(state);
        restored.transport.restore(transport);
        restored.transport.kickAll();
        assertThat(driver.queue(RX).takeUsed()).isEqualTo(new Used(0, 9));
        assertThat(driver.memory.read(at, 9)).isEqualTo("signal 2\n".getBytes(UTF_8));
        assertThat(restored.interrupts).isPositive();
        assertThat(copy.save().pendingInput()).isEmpty();
    }

    @Test
    void stateIsBounded() {
        assertThatThrownBy(() -> new ConsoleState(new byte[Limits.CONSOLE_INPUT_BYTES + 1]))
                .isInstanceOf(CorruptStateException.class);
    }

    private String text() {
        return new String(joined(), UTF_8);
    }

    private byte[] joined() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        output.forEach(all::writeBytes);
        return all.toByteArray();
    }
}
