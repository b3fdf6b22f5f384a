package cloud.ignition.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every register, and every offset between and behind, in every state of the device, with every width, aligned or not:
 * what is read, and all that a write changes, compared with {@link MmioModel}.
 */
class MmioTableTest {
    private static final int END = 0x200;
    private static final int[] WIDTHS = {1, 2, 4, 8};
    private static final long[] VALUES = {
        0,
        1,
        2,
        3,
        4,
        5,
        8,
        0xb,
        0xf,
        0x10,
        0x11,
        0x13,
        0x40,
        0x4b,
        0x4f,
        0x80,
        0x81,
        0x83,
        0x8b,
        0x8f,
        0xcb,
        0xcf,
        0xff,
        0x100,
        0x40_0000,
        0x8000_0000L,
        0xffff_ffffL,
        0x1_0000_0000L,
        -1L
    };

    private static final GuestMemory RAM = TestRam.of(TestDriver.RAM_BYTES);

    /** A device and the model, side by side. */
    static final class Pair {
        final TestDevice device = new TestDevice();
        final TestDriver driver = new TestDriver(device, RAM);
        final MmioModel model = new MmioModel(TestDriver.RAM_BYTES);

        void write(int offset, int width, long value) {
            long masked = value & (-1L >>> (Long.SIZE - 8 * width));
            driver.write(offset, width, masked);
            model.write(offset, width, masked);
        }

        void write(int offset, long value) {
            write(offset, 4, value);
        }

        void features() {
            write(0x024, 0);
            write(0x020, 1 << 3);
            write(0x024, 1);
            write(0x020, 1);
        }

        void queue(int index, int size, boolean whole) {
            DriverQueue queue = new DriverQueue(RAM, index * 0x10000L, size);
            queue.setAvailIndex(0);
            write(0x030, index);
            write(0x038, size);
            write(0x080, queue.descriptorAddress());
            write(0x090, queue.availAddress());
            if (whole) {
                write(0x0a0, queue.usedAddress());
                write(0x044, 1);
                driver.queues.add(queue);
            }
        }

        void status(int... steps) {
            for (int step : steps) {
                if (step == 0xb) {
                    features();
                }
                write(0x070, step);
            }
        }

        void live() {
            status(1, 3, 0xb);
            queue(0, 16, true);
            queue(1, 8, true);
            write(0x070, 0xf);
        }

        void check(String format, Object... arguments) {
            MmioTransportState state = driver.transport.save();
            MmioTransportState expected = model.state();
            boolean alike = state.equals(expected)
                    && driver.requested.equals(model.notified)
                    && driver.lies.size() == model.lies
                    && (driver.status() == 0xf) == (device.queues != null);
            if (!alike) {
                assertThat(state).as(format, arguments).isEqualTo(expected);
                assertThat(driver.requested).as(format, arguments).isEqualTo(model.notified);
                assertThat(driver.lies).as(format, arguments).hasSize(model.lies);
                assertThat(device.queues != null).as(format, arguments).isEqualTo(driver.status() == 0xf);
            }
        }
    }

    @SuppressWarnings("ImmutableEnumChecker") // the functions have no state
    enum State {
        RESET(pair -> {}),
        ACKNOWLEDGE(pair -> pair.status(1)),
        DRIVER(pair -> pair.status(1, 3)),
        /** Its features are chosen, so that FEATURES_OK may follow. */
        DRIVER_WITH_FEATURES(pair -> {
            pair.status(1, 3);
            pair.features();
        }),
        FEATURES_OK(pair -> pair.status(1, 3, 0xb)),
        QUEUE_HALF_SET_UP(pair -> {
            pair.status(1, 3, 0xb);
            pair.queue(0, 16, true);
            pair.queue(1, 4, false);
        }),
        QUEUE_READY(pair -> {
            pair.status(1, 3, 0xb);
            pair.queue(1, 4, true);
        }),
        QUEUE_THAT_IS_NOT_THERE(pair -> {
            pair.status(1, 3, 0xb);
            pair.write(0x030, 2);
        }),
        DRIVER_OK(Pair::live),
        DRIVER_OK_INTERRUPTED(pair -> {
            pair.live();
            pair.write(0x030, 0);
            pair.driver.queue(0).add(DriverQueue.Buffer.readable(TestDriver.DATA_START, 1));
            pair.driver.transport.onNotify(0);
            pair.model.interruptStatus = 1;
            pair.model.queues[0].nextAvail = 1;
            pair.model.queues[0].nextUsed = 1;
        }),
        NEEDS_RESET(pair -> {
            pair.live();
            pair.driver.queue(0).setAvailIndex(17);
            pair.driver.transport.onNotify(0);
            pair.model.lie();
        }),
        NEEDS_RESET_BEFORE_DRIVER_OK(pair -> {
            pair.status(1, 3, 0xb);
            pair.write(0x038, 3);
        }),
        FAILED(pair -> {
            pair.live();
            pair.write(0x070, 0x8f);
        }),
        FAILED_AT_ONCE(pair -> pair.write(0x070, 0x80)),
        FAILED_AFTER_A_LIE(pair -> {
            pair.status(1, 3, 0xb);
            pair.write(0x044, 1);
            pair.write(0x070, 0xcb);
        });

        private final Consumer<Pair> way;

        State(Consumer<Pair> way) {
            this.way = way;
        }

        Pair reached() {
            Pair pair = new Pair();
            way.accept(pair);
            pair.driver.requested.clear();
            pair.model.notified.clear();
            pair.check(name());
            return pair;
        }
    }

    @ParameterizedTest
    @EnumSource(State.class)
    void reads(State state) {
        Pair pair = state.reached();
        for (int width : WIDTHS) {
            for (int offset = 0; offset < END; offset++) {
                assertThat(pair.driver.transport.read(offset, width))
                        .as("read of %d bytes at 0x%03x, %s", width, offset, state)
                        .isEqualTo(pair.model.read(offset, width));
            }
        }
        pair.check("after all reads, " + state); // reading changes nothing
    }

    @ParameterizedTest
    @EnumSource(State.class)
    void writes(State state) {
        MmioTransportState before = state.reached().model.state();
        Pair pair = state.reached();
        for (int width : WIDTHS) {
            for (int offset = 0; offset < END; offset++) {
                for (long value : VALUES) {
                    pair.write(offset, width, value);
                    pair.check("write of 0x%x, %d bytes, at 0x%03x, %s", value, width, offset, state);
                    if (!pair.model.state().equals(before) || !pair.model.notified.isEmpty()) {
                        pair = state.reached();
                    }
                }
                assertThat(pair.driver.transport.read(offset, width))
                        .as("read back of %d bytes at 0x%03x, %s", width, offset, state)
                        .isEqualTo(pair.model.read(offset, width));
            }
        }
    }

    /** The order of two writes matters as much: any register after any other one, in each state. */
    @ParameterizedTest
    @EnumSource(State.class)
    void writesInPairs(State state) {
        long[] values = {0, 1, 8, 0xf, 0x8f, 0xffff_ffffL};
        for (int first = 0; first < 0x100; first += 4) {
            for (long value : values) {
                Pair pair = state.reached();
                pair.write(first, value);
                for (int second = 0; second < 0x100; second += 4) {
                    pair.write(second, value);
                    pair.check("0x%x at 0x%03x, then all up to 0x%03x, %s", value, first, second, state);
                }
            }
        }
    }
}
