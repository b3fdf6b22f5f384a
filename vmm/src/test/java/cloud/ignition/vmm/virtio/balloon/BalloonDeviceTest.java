package cloud.ignition.vmm.virtio.balloon;

import static cloud.ignition.vmm.virtio.balloon.BalloonDevice.DEFLATE;
import static cloud.ignition.vmm.virtio.balloon.BalloonDevice.INFLATE;
import static cloud.ignition.vmm.virtio.balloon.BalloonDevice.PAGE_BYTES;
import static cloud.ignition.vmm.virtio.balloon.BalloonDevice.REPORTING;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BalloonDeviceTest {
    private static final int PAGE = (int) PAGE_BYTES;
    private static final int RAM_PAGES = TestDriver.RAM_BYTES / PAGE;
    private static final int CONFIG = 0x100;
    private static final int NUM_PAGES = CONFIG + BalloonDevice.CONFIG_NUM_PAGES;
    private static final int ACTUAL = CONFIG + BalloonDevice.CONFIG_ACTUAL;
    private static final BalloonConfig RAM = new BalloonConfig(TestDriver.RAM_BYTES);

    /** What the host was asked for: first page and number of pages. */
    private record Run(long page, long pages) {}

    private final List<Run> given = new ArrayList<>();
    private boolean hostTakes = true;
    private final BalloonDevice device = new BalloonDevice(RAM, this::giveBack);
    private final TestDriver driver = new TestDriver(device).startAll();

    private boolean giveBack(long gpa, long length) {
        assertThat(gpa % PAGE + length % PAGE).isZero();
        given.add(new Run(gpa / PAGE, length / PAGE));
        return hostTakes;
    }

    @Test
    void offersWhatLinuxNeedsToReportFreePages() {
        assertThat(driver.read(0x008)).isEqualTo(5);
        assertThat(driver.offered() & 0xff).isEqualTo(0b10_0100);
        assertThat(driver.transport.queueCount()).isEqualTo(3);
        assertThat(driver.status()).isEqualTo(0xf);
    }

    @Test
    void inflatedPagesGoBackInRunsBeforeTheAnswer() {
        driver.queue(INFLATE).add(frames(300, 17, 302, 301, 17, 999));
        driver.kick(INFLATE);
        assertThat(given).containsExactly(new Run(17, 1), new Run(300, 3), new Run(999, 1));
        assertThat(driver.queue(INFLATE).takeUsed()).isEqualTo(new Used(0, 0));
        assertThat(device.givenBackBytes()).isEqualTo(5L * PAGE);
        assertThat(device.keptBytes()).isZero();
        assertThat(driver.takeInterrupts()).isOne();
    }

    @Test
    void anArrayMayBeScatteredAnywhere() {
        byte[] array = array(5, 6, 7, 8);
        long at = driver.place(array);
        driver.queue(INFLATE).add(readable(at, 3), readable(at + 3, 6), readable(at + 9, 7));
        driver.kick(INFLATE);
        assertThat(given).containsExactly(new Run(5, 4));
    }

    @Test
    void deflatedPagesAreCheckedAndAnswered() {
        driver.queue(DEFLATE).add(frames(300, 301));
        driver.kick(DEFLATE);
        assertThat(driver.queue(DEFLATE).takeUsed()).isEqualTo(new Used(0, 0));
        assertThat(given).isEmpty();
        driver.queue(DEFLATE).add(frames(300, RAM_PAGES));
        driver.kick(DEFLATE);
        assertThat(driver.lies).containsExactly("virtio device 5: balloon page " + RAM_PAGES + " is not in RAM");
    }

    @Test
    void reportedPagesGoBackInRunsBeforeTheAnswer() {
        driver.queue(REPORTING)
                .add(
                        writable(512L * PAGE, 4 * PAGE),
                        writable(100L * PAGE, PAGE),
                        writable(516L * PAGE, 2 * PAGE),
                        writable(513L * PAGE, PAGE));
        driver.kick(REPORTING);
        assertThat(given).containsExactly(new Run(100, 1), new Run(512, 6));
        assertThat(driver.queue(REPORTING).takeUsed()).isEqualTo(new Used(0, 0));
        assertThat(device.givenBackBytes()).isEqualTo(7L * PAGE);
    }

    @Test
    void onlyWholePagesOfAReportGoBack() {
        driver.queue(REPORTING)
                .add(
                        writable(10L * PAGE + 1, 2 * PAGE),
                        writable(20L * PAGE + 1, PAGE),
                        writable(30L * PAGE, PAGE - 1),
                        writable((RAM_PAGES - 1L) * PAGE, PAGE));
        driver.kick(REPORTING);
        assertThat(given).containsExactly(new Run(11, 1), new Run(RAM_PAGES - 1, 1));
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void withoutTheFeatureNothingIsReported() {
        driver.start(Virtio.F_VERSION_1 | BalloonDevice.F_DEFLATE_ON_OOM);
        driver.queue(REPORTING).add(writable(0, PAGE));
        driver.kick(REPORTING);
        assertThat(given).isEmpty();
        assertThat(driver.queue(REPORTING).takeUsed()).isNull();
        driver.queue(INFLATE).add(frames(1));
        driver.kick(INFLATE);
        assertThat(given).hasSize(1);
    }

    @Test
    void aHostThatRefusesDoesNotHarmTheGuest() {
        hostTakes = false;
        driver.queue(REPORTING).add(writable(512L * PAGE, 2 * PAGE));
        driver.kick(REPORTING);
        assertThat(driver.queue(REPORTING).takeUsed()).isNotNull();
        assertThat(device.givenBackBytes()).isZero();
        assertThat(device.keptBytes()).isEqualTo(2L * PAGE);
        assertThat(driver.lies).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {RAM_PAGES, RAM_PAGES + 1, 1 << 20, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void aFrameOutsideRamIsALieAndNothingOfItsRequestIsDone(int frame) {
        driver.queue(INFLATE).add(frames(1, 2, frame));
        driver.kick(INFLATE);
        assertThat(driver.lies).hasSize(1).first().asString().endsWith("is not in RAM");
        assertThat(driver.status() & Virtio.DEVICE_NEEDS_RESET).isNotZero();
        assertThat(given).isEmpty();
        driver.startAll();
        driver.queue(INFLATE).add(frames(1));
        driver.kick(INFLATE);
        assertThat(given).containsExactly(new Run(1, 1));
    }

    @Test
    void wrongLengthsAndDirectionsAreLies() {
        long at = driver.allocate(2 * Limits.BALLOON_PFNS * 4);
        for (int queue : new int[] {INFLATE, DEFLATE}) {
            requireLie(queue, readable(at, 3));
            requireLie(queue, readable(at, 9));
            requireLie(queue, readable(at, Limits.BALLOON_PFNS * 4 + 4));
            requireLie(queue, writable(at, 4));
            requireLie(queue, readable(at, 4), writable(at, 4));
        }
        requireLie(REPORTING, readable(at, PAGE));
        requireLie(REPORTING, readable(at, 4), writable(0, PAGE));
        requireLie(REPORTING, writable(0, TestDriver.RAM_BYTES), writable(0, PAGE));
        requireLie(REPORTING, writable(PAGE, TestDriver.RAM_BYTES));
        assertThat(given).isEmpty();
    }

    private void requireLie(int queue, Buffer... buffers) {
        driver.startAll();
        driver.lies.clear();
        driver.queue(queue).add(buffers);
        driver.kick(queue);
        assertThat(driver.lies).hasSize(1);
        assertThat(driver.queue(queue).takeUsed()).isNull();
    }

    @Test
    void theLongestArrayAndTheLongestReportAreTaken() {
        int[] all =
                IntStream.range(0, Limits.BALLOON_PFNS).map(i -> i % RAM_PAGES).toArray();
        driver.queue(INFLATE).add(frames(all));
        driver.kick(INFLATE);
        assertThat(given).containsExactly(new Run(0, RAM_PAGES));
        given.clear();
        Buffer[] pieces = IntStream.range(0, Limits.CHAIN_DESCRIPTORS)
                .mapToObj(i -> writable(2L * i * PAGE, PAGE))
                .toArray(Buffer[]::new);
        driver.queue(REPORTING).add(pieces);
        driver.kick(REPORTING);
        assertThat(given).hasSize(Limits.CHAIN_DESCRIPTORS);
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void manyRequestsAreDoneInTurns() {
        int requests = 3 * Limits.BALLOON_CHAINS_PER_TURN;
        for (int i = 0; i < requests; i++) {
            driver.queue(INFLATE).add(frames(i));
        }
        driver.transport.onNotify(INFLATE);
        assertThat(driver.queue(INFLATE).takeAllUsed()).hasSize(Limits.BALLOON_CHAINS_PER_TURN);
        assertThat(driver.requested).containsExactly(INFLATE);
        driver.runRequested();
        assertThat(driver.queue(INFLATE).takeAllUsed()).hasSize(requests - Limits.BALLOON_CHAINS_PER_TURN);
    }

    @Test
    void theTargetIsAnnouncedAndTheDriverSaysHowFarItCame() {
        assertThat(driver.read(NUM_PAGES)).isZero();
        int generation = driver.read(0x0fc);
        device.setTarget(10L * PAGE + 5);
        driver.runRequested();
        assertThat(driver.read(NUM_PAGES)).isEqualTo(10);
        assertThat(driver.read(0x0fc)).isNotEqualTo(generation);
        assertThat(driver.interruptStatus() & Virtio.INTERRUPT_CONFIG_CHANGE).isNotZero();
        assertThat(driver.takeInterrupts()).isOne();
        driver.write(ACTUAL, 7);
        assertThat(driver.read(ACTUAL)).isEqualTo(7);
        assertThat(device.actualBytes()).isEqualTo(7L * PAGE);
        device.setTarget(10L * PAGE);
        driver.runRequested();
        assertThat(driver.takeInterrupts()).as("no news").isZero();
        for (long bad : new long[] {-1, TestDriver.RAM_BYTES + 1L}) {
            assertThatThrownBy(() -> device.setTarget(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aTargetSetBeforeTheDriverIsThereIsAnnouncedLater() {
        BalloonDevice early = new BalloonDevice(RAM, this::giveBack);
        early.setTarget(3L * PAGE);
        TestDriver late = new TestDriver(early).startAll();
        assertThat(late.read(NUM_PAGES)).isEqualTo(3);
        assertThat(late.interruptStatus() & Virtio.INTERRUPT_CONFIG_CHANGE).isNotZero();
    }

    @Test
    void onlyTheWholeActualFieldCanBeWrittenAndNotBeforeTheDriverIsReady() {
        driver.write(NUM_PAGES, 5);
        driver.write(CONFIG + 8, 5);
        driver.transport.write(ACTUAL, 2, 5);
        driver.transport.write(ACTUAL + 1, 4, 5);
        driver.transport.write(ACTUAL, 8, 5);
        assertThat(device.save()).isEqualTo(new BalloonState(0, 0, 0));
        driver.negotiate(driver.offered());
        driver.write(ACTUAL, 5);
        assertThat(device.actualBytes()).isZero();
    }

    @Test
    void aBalloonLargerThanTheMachineIsALie() {
        driver.write(ACTUAL, RAM_PAGES);
        assertThat(device.actualBytes()).isEqualTo(TestDriver.RAM_BYTES);
        driver.write(ACTUAL, RAM_PAGES + 1);
        assertThat(driver.lies).hasSize(1);
        assertThat(driver.status() & Virtio.DEVICE_NEEDS_RESET).isNotZero();
        assertThat(device.actualBytes()).isZero();
        driver.startAll();
        driver.write(ACTUAL, -1);
        assertThat(driver.lies).hasSize(2);
    }

    @Test
    void aResetEmptiesTheBalloon() {
        device.setTarget(10L * PAGE);
        driver.runRequested();
        driver.write(ACTUAL, 10);
        driver.write(0x070, 0);
        assertThat(device.save()).isEqualTo(new BalloonState(10, 10, 0));
    }

    @Test
    void aRestoredDeviceGoesOn() {
        device.setTarget(10L * PAGE);
        driver.runRequested();
        driver.write(ACTUAL, 8);
        device.setTarget(20L * PAGE); // not announced before the save
        driver.requested.clear();
        driver.queue(REPORTING).add(writable(512L * PAGE, PAGE)); // not kicked before the save
        BalloonState state = device.save();
        assertThat(state).isEqualTo(new BalloonState(20, 10, 8));
        MmioTransportState transport = driver.transport.save();

        BalloonDevice copy = new BalloonDevice(RAM, this::giveBack);
        TestDriver restored = new TestDriver(copy, driver.memory);
        copy.restore(state);
        restored.transport.restore(transport);
        assertThat(copy.save()).isEqualTo(state);
        assertThat(restored.read(NUM_PAGES)).isEqualTo(10);
        restored.transport.kickAll();
        assertThat(restored.read(NUM_PAGES)).isEqualTo(20);
        assertThat(restored.interruptStatus() & Virtio.INTERRUPT_CONFIG_CHANGE).isNotZero();
        assertThat(copy.actualBytes()).isEqualTo(8L * PAGE);
        assertThat(given).containsExactly(new Run(512, 1));
        assertThat(driver.queue(REPORTING).takeUsed()).isNotNull();
    }

    @Test
    void stateAndConfigAreChecked() {
        BalloonState state = new BalloonState(0xffff_ffffL, 2, 3);
        StateWriter out = new StateWriter();
        state.write(out);
        assertThat(BalloonState.read(new StateReader(out.toByteArray()))).isEqualTo(state);
        for (int field = 0; field < 3; field++) {
            for (long bad : new long[] {-1, 1L << 32}) {
                long[] values = {1, 1, 1};
                values[field] = bad;
                assertThatThrownBy(() -> new BalloonState(values[0], values[1], values[2]))
                        .isInstanceOf(CorruptStateException.class);
            }
            long[] large = {1, 1, 1};
            large[field] = RAM_PAGES + 1;
            assertThatThrownBy(() -> device.restore(new BalloonState(large[0], large[1], large[2])))
                    .isInstanceOf(CorruptStateException.class);
        }
        for (long bad : new long[] {0, -PAGE, PAGE + 1, BalloonDevice.MAX_BYTES + PAGE}) {
            assertThatThrownBy(() -> new BalloonConfig(bad)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private Buffer frames(int... frames) {
        byte[] array = array(frames);
        return readable(driver.place(array), array.length);
    }

    private static byte[] array(int... frames) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * frames.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int frame : frames) {
            buffer.putInt(frame);
        }
        return buffer.array();
    }
}
