package cloud.ignition.vmm.virtio;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.console.ConsoleDevice;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A lie ends its own device and no other, is reported once, and is over with a reset: for every device. */
class LyingDriverTest {
    private static final int CONSOLE_OUTPUT = 1;

    @SuppressWarnings("ImmutableEnumChecker") // the functions have no state
    enum Lie {
        INDEX_THAT_JUMPS(queue -> queue.setAvailIndex(queue.availIndex() + queue.size() + 1)),
        HEAD_OUTSIDE_THE_TABLE(queue -> queue.available(queue.size())),
        CHAIN_THAT_LOOPS(queue -> {
            queue.descriptor(0, TestDriver.DATA_START, 1, DriverQueue.F_NEXT, 1);
            queue.descriptor(1, TestDriver.DATA_START, 1, DriverQueue.F_NEXT, 0);
            queue.available(0);
        }),
        BUFFER_OUTSIDE_RAM(queue -> {
            queue.descriptor(0, TestDriver.RAM_BYTES - 1, 4096, DriverQueue.F_WRITE, 0);
            queue.available(0);
        }),
        EMPTY_BUFFER(queue -> {
            queue.descriptor(0, TestDriver.DATA_START, 0, 0, 0);
            queue.available(0);
        });

        private final Consumer<DriverQueue> tell;

        Lie(Consumer<DriverQueue> tell) {
            this.tell = tell;
        }
    }

    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final TestDriver honest =
            TestDriver.second(new ConsoleDevice(output::writeBytes), memory).startAll();

    @ParameterizedTest
    @EnumSource(DeviceKind.class)
    void endsItsOwnDeviceUntilTheReset(DeviceKind kind) {
        FuzzHost host = new FuzzHost(memory, new Random(1));
        TestDriver liar = new TestDriver(kind.make(host), memory);
        int told = 0;
        for (Lie lie : Lie.values()) {
            for (int queue = 0; queue < liar.transport.queueCount(); queue++) {
                String what = kind + ", " + lie + " in queue " + queue;
                liar.startAll();
                assertThat(liar.status()).as(what).isEqualTo(0xf);
                kind.hostEvent(
                        liar.transport.device(), host.random()); // some look at a queue only with something to say
                lie.tell.accept(liar.queue(queue));
                liar.kick(queue);
                if (!liar.needsReset()) {
                    continue; // a queue that this device does not look at when kicked
                }
                told++;
                assertThat(liar.status()).as(what).isEqualTo(0xf | Virtio.DEVICE_NEEDS_RESET);
                assertThat(liar.interruptStatus() & Virtio.INTERRUPT_CONFIG_CHANGE)
                        .as(what)
                        .isNotZero();
                assertThat(liar.interest).as(what).isZero();
                pester(liar);
                assertThat(liar.lies).as(what).hasSize(told);
                assertThatTheOtherWorks(what);
            }
        }
        assertThat(told).isGreaterThanOrEqualTo(Lie.values().length);
        liar.startAll();
        assertThat(liar.status()).isEqualTo(0xf);
        assertThat(liar.lies).hasSize(told);
        assertThat(honest.lies).isEmpty();
        liar.transport.close();
    }

    /** All that may happen to a device that waits for its reset. */
    private static void pester(TestDriver liar) {
        for (int queue = 0; queue < liar.transport.queueCount(); queue++) {
            liar.write(MmioRegister.QUEUE_NOTIFY, queue);
            liar.kick(queue);
        }
        liar.transport.onBackendReadable();
        liar.transport.onBackendWritable();
        liar.transport.kickAll();
        liar.write(MmioRegister.QUEUE_NUM, 3);
        liar.write(MmioRegister.QUEUE_READY, 1);
        liar.write(MmioRegister.STATUS, 0xf);
    }

    private void assertThatTheOtherWorks(String what) {
        output.reset();
        honest.memory.setByte(TestDriver.DATA_START, (byte) '!');
        honest.queue(CONSOLE_OUTPUT).add(readable(TestDriver.DATA_START, 1));
        honest.kick(CONSOLE_OUTPUT);
        assertThat(output.toString(java.nio.charset.StandardCharsets.US_ASCII))
                .as(what)
                .isEqualTo("!");
        assertThat(honest.queue(CONSOLE_OUTPUT).takeAllUsed()).as(what).hasSize(1);
    }
}
