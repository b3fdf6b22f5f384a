package cloud.ignition.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer;
import cloud.ignition.vmm.virtio.queue.QueueState;
import java.util.List;
import org.junit.jupiter.api.Test;

class MmioTransportTest {
    private static final long MODERN = Virtio.F_VERSION_1 | TestDevice.FEATURE;

    private final TestDevice device = new TestDevice();
    private final TestDriver driver = new TestDriver(device);

    @Test
    void identifiesItself() {
        assertThat(driver.read(MmioRegister.MAGIC_VALUE)).isEqualTo(0x74726976);
        assertThat(driver.read(MmioRegister.VERSION)).isEqualTo(2);
        assertThat(driver.read(MmioRegister.DEVICE_ID)).isEqualTo(TestDevice.ID);
        assertThat(driver.offered())
                .isEqualTo(TestDevice.FEATURE
                        | TestDevice.NEEDS_FEATURE
                        | Virtio.F_VERSION_1
                        | Virtio.F_EVENT_IDX
                        | Virtio.F_INDIRECT_DESC);
        driver.write(MmioRegister.DEVICE_FEATURES_SEL, 2);
        assertThat(driver.read(MmioRegister.DEVICE_FEATURES)).isZero();
        assertThat(driver.read(MmioRegister.SHM_LEN_LOW)).isEqualTo(-1);
        driver.write(MmioRegister.QUEUE_SEL, 1);
        assertThat(driver.read(MmioRegister.QUEUE_NUM_MAX)).isEqualTo(8);
        for (int absent : new int[] {2, -1, Integer.MIN_VALUE}) {
            driver.write(MmioRegister.QUEUE_SEL, absent);
            assertThat(driver.read(MmioRegister.QUEUE_NUM_MAX)).isZero();
            assertThat(driver.read(MmioRegister.QUEUE_READY)).isZero();
        }
    }

    @Test
    void comesUpAsLinuxDoesIt() {
        driver.start(MODERN);
        assertThat(driver.status()).isEqualTo(0xf);
        assertThat(device.activations).isEqualTo(1);
        assertThat(device.features).isEqualTo(MODERN);
        assertThat(device.notified)
                .as("buffers from before DRIVER_OK are looked at")
                .isEqualTo(2);
        driver.queue(1).add(Buffer.writable(driver.allocate(8), 8));
        driver.kick(1);
        assertThat(driver.queue(1).takeUsed()).isNotNull();
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_USED_BUFFER);
        driver.acknowledge(Virtio.INTERRUPT_USED_BUFFER);
        assertThat(driver.interruptStatus()).isZero();
    }

    @Test
    void featuresThatCannotBeAreNotAccepted() {
        for (long features : new long[] {
            0,
            TestDevice.FEATURE,
            MODERN | (1L << 5),
            MODERN | (1L << 63),
            Virtio.F_VERSION_1 | TestDevice.NEEDS_FEATURE
        }) {
            driver.negotiate(features);
            assertThat(driver.status()).isEqualTo(Virtio.ACKNOWLEDGE | Virtio.DRIVER);
            driver.setStatus(Virtio.DRIVER_OK);
            assertThat(driver.status()).isEqualTo(Virtio.ACKNOWLEDGE | Virtio.DRIVER);
        }
        assertThat(device.activations).isZero();
        driver.negotiate(MODERN | TestDevice.NEEDS_FEATURE);
        assertThat(driver.status() & Virtio.FEATURES_OK).isNotZero();
    }

    @Test
    void featuresAreFixedByFeaturesOk() {
        driver.negotiate(MODERN);
        driver.setFeatures(MODERN | Virtio.F_EVENT_IDX);
        driver.setUpQueues();
        driver.setStatus(Virtio.DRIVER_OK);
        assertThat(device.features).isEqualTo(MODERN);
    }

    @Test
    void everyStatusByteInEveryStatus() {
        int[] steps = {0, 1, 3, 0xb, 0xf};
        for (int from = 0; from < steps.length; from++) {
            for (int value = 0; value < 256; value++) {
                driver.write(MmioRegister.STATUS, 0);
                bringTo(steps[from]);
                driver.write(MmioRegister.STATUS, value);
                boolean nextStep = from + 1 < steps.length && value == steps[from + 1];
                boolean gaveUp = value == (steps[from] | Virtio.FAILED);
                int expected = value == 0 || nextStep || gaveUp ? value : steps[from];
                assertThat(driver.status()).as("%x -> %x", steps[from], value).isEqualTo(expected);
                assertThat(device.queues != null).isEqualTo(expected == 0xf);
            }
        }
        assertThat(driver.lies).isEmpty();
    }

    @Test
    void afterFailedOnlyAResetHelps() {
        driver.start(MODERN);
        driver.setStatus(Virtio.FAILED);
        assertThat(device.queues).isNull();
        driver.kick(0);
        driver.write(MmioRegister.STATUS, 0xf);
        assertThat(driver.status()).isEqualTo(0x8f);
        driver.start(MODERN);
        assertThat(driver.status()).isEqualTo(0xf);
        assertThat(device.activations).isEqualTo(2);
    }

    @Test
    void queueRegistersOnlyBetweenFeaturesOkAndDriverOk() {
        for (int status : new int[] {0, 1, 3, 0xf}) {
            driver.write(MmioRegister.STATUS, 0);
            bringTo(status);
            MmioTransportState before = driver.transport.save();
            writeAllQueueRegisters();
            assertThat(driver.transport.save()).as("status %x", status).isEqualTo(before);
        }
        driver.write(MmioRegister.STATUS, 0);
        bringTo(0xb);
        writeAllQueueRegisters();
        assertThat(driver.transport.save().queues().getFirst())
                .isEqualTo(new QueueState(4, true, 0x10000, 0x20000, 0x30000, 0, 0));
        assertThat(driver.lies).isEmpty();
    }

    /** A queue size rewritten after DRIVER_OK was a real vulnerability elsewhere. */
    @Test
    void aReadyQueueCannotBeChanged() {
        driver.negotiate(MODERN);
        driver.setUpQueues();
        List<QueueState> before = driver.transport.save().queues();
        for (int status : new int[] {0xb, 0xf}) {
            bringTo(status);
            for (int queue = 0; queue < 2; queue++) {
                driver.write(MmioRegister.QUEUE_SEL, queue);
                driver.write(MmioRegister.QUEUE_NUM, 2);
                driver.writeAddress(MmioRegister.QUEUE_DESC_LOW, 0x1234_5678_9abcL);
                driver.writeAddress(MmioRegister.QUEUE_DRIVER_LOW, 0x1234_5678_9abcL);
                driver.writeAddress(MmioRegister.QUEUE_DEVICE_LOW, 0x1234_5678_9abcL);
                driver.write(MmioRegister.QUEUE_READY, 1);
            }
            assertThat(driver.transport.save().queues()).isEqualTo(before);
        }
    }

    @Test
    void aQueueCanBeStoppedAndReadsBackStopped() {
        driver.start(MODERN);
        driver.write(MmioRegister.QUEUE_SEL, 0);
        assertThat(driver.read(MmioRegister.QUEUE_READY)).isEqualTo(1);
        driver.write(MmioRegister.QUEUE_READY, 0);
        assertThat(driver.read(MmioRegister.QUEUE_READY)).isZero();
        driver.queue(0).add(Buffer.readable(driver.allocate(1), 1));
        driver.kick(0);
        assertThat(driver.queue(0).takeUsed()).isNull();
        driver.write(MmioRegister.QUEUE_READY, 1); // not while DRIVER_OK
        assertThat(driver.read(MmioRegister.QUEUE_READY)).isZero();
    }

    @Test
    void configurationSpaceTakesEveryWidth() {
        assertThat(driver.transport.read(MmioRegister.CONFIG, 4)).isEqualTo(TestDevice.CONFIG_VALUE);
        assertThat(driver.transport.read(MmioRegister.CONFIG + 1, 2)).isEqualTo(0x2233);
        assertThat(driver.transport.read(MmioRegister.CONFIG + 3, 1)).isEqualTo(0x11);
        assertThat(driver.transport.read(MmioRegister.CONFIG, 8)).isEqualTo(TestDevice.CONFIG_VALUE);
        assertThat(driver.transport.read(MmioRegister.CONFIG + 0x800, 8)).isZero();
        driver.transport.write(MmioRegister.CONFIG + 4, 1, 5);
        assertThat(device.configByte).isEqualTo(5);
    }

    @Test
    void aConfigurationChangeIsTold() {
        driver.start(MODERN);
        driver.takeInterrupts();
        int before = driver.read(MmioRegister.CONFIG_GENERATION);
        device.requireControl().configChanged();
        assertThat(driver.read(MmioRegister.CONFIG_GENERATION)).isNotEqualTo(before);
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_CONFIG_CHANGE);
        assertThat(driver.takeInterrupts()).isEqualTo(1);
    }

    @Test
    void aLieStopsTheDeviceUntilItIsReset() {
        driver.start(MODERN);
        driver.takeInterrupts();
        driver.queue(0).setAvailIndex(1000);
        driver.kick(0);
        assertThat(driver.status()).isEqualTo(0x4f);
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_CONFIG_CHANGE);
        assertThat(driver.takeInterrupts()).isEqualTo(1);
        assertThat(driver.lies).containsExactly("virtio device 42: available index jumps by 1000 in a queue of 16");

        driver.queue(1).add(Buffer.readable(driver.allocate(1), 1));
        driver.kick(1);
        driver.kick(0);
        driver.write(MmioRegister.QUEUE_NOTIFY, 0);
        driver.write(MmioRegister.STATUS, 0xf);
        assertThat(driver.requested).isEmpty();
        assertThat(driver.queue(1).takeUsed()).isNull();
        assertThat(driver.lies).as("once per reset").hasSize(1);

        driver.start(MODERN);
        assertThat(driver.status()).isEqualTo(0xf);
        driver.queue(1).add(Buffer.readable(driver.allocate(1), 1));
        driver.kick(1);
        assertThat(driver.queue(1).takeUsed()).isNotNull();
    }

    @Test
    void aLieDuringSetUpNeedsAResetWithoutInterrupt() {
        driver.negotiate(MODERN);
        driver.write(MmioRegister.QUEUE_NUM, 5);
        assertThat(driver.status()).isEqualTo(0x4b);
        assertThat(driver.lies).containsExactly("virtio device 42: queue size 5");
        assertThat(driver.interrupts).isZero();
        driver.setStatus(Virtio.DRIVER_OK);
        assertThat(device.activations).isZero();
        driver.start(MODERN);
        assertThat(device.activations).isEqualTo(1);
    }

    @Test
    void resetForgetsEverything() {
        MmioTransportState fresh = driver.transport.save();
        driver.start(MODERN);
        driver.queue(0).add(Buffer.readable(driver.allocate(1), 1));
        driver.kick(0);
        assertThat(driver.interruptStatus()).isNotZero();
        driver.write(MmioRegister.STATUS, 0);
        assertThat(driver.transport.save()).isEqualTo(fresh);
    }

    @Test
    void notifyRegisterGoesToTheEventLoop() {
        driver.write(MmioRegister.QUEUE_NOTIFY, 0);
        assertThat(driver.requested).as("before DRIVER_OK").isEmpty();
        driver.start(MODERN);
        driver.write(MmioRegister.QUEUE_NOTIFY, 1);
        driver.write(MmioRegister.QUEUE_NOTIFY, 2);
        driver.write(MmioRegister.QUEUE_NOTIFY, -1);
        assertThat(driver.requested).containsExactly(1);
    }

    @Test
    void everyStepSurvivesSaveAndRestore() {
        for (int status : new int[] {0, 1, 3, 0xb, 0xf, 0x4f, 0x8f}) {
            TestDevice original = new TestDevice();
            TestDriver first = new TestDriver(original);
            bring(first, status & 0xf);
            if (status > 0xf) {
                breakIt(first, status);
            }
            MmioTransportState state = first.transport.save();
            assertThat(state.status()).isEqualTo(status);
            StateWriter out = new StateWriter();
            state.write(out);
            StateReader in = new StateReader(out.toByteArray());
            assertThat(MmioTransportState.read(in)).isEqualTo(state);
            in.end();

            TestDevice copy = new TestDevice();
            TestDriver second = new TestDriver(copy, first.memory);
            second.transport.restore(state);
            assertThat(second.transport.save()).isEqualTo(state);
            assertThat(copy.activations).isEqualTo(status == 0xf ? 1 : 0);
        }
    }

    @Test
    void whatWasInFlightAtTheSaveIsDoneAfterTheRestore() {
        driver.start(MODERN | Virtio.F_EVENT_IDX);
        driver.queue(0).add(Buffer.readable(driver.allocate(1), 1));
        driver.kick(0); // its interrupt stays unacknowledged, as if lost with the edge
        driver.queue(1).add(Buffer.readable(driver.allocate(1), 1)); // its kick is lost
        MmioTransportState state = driver.transport.save();

        TestDriver restored = new TestDriver(new TestDevice(), driver.memory);
        restored.transport.restore(state);
        assertThat(restored.interrupts).isZero();
        restored.transport.kickAll();
        assertThat(restored.interrupts).isEqualTo(2);
        assertThat(restored.interruptStatus()).isEqualTo(Virtio.INTERRUPT_USED_BUFFER);
        assertThat(driver.queue(1).takeUsed()).isNotNull();
    }

    @Test
    void statesOfOtherDevicesAreRefused() {
        driver.start(MODERN);
        MmioTransportState good = driver.transport.save();
        List<QueueState> queues = good.queues();
        refused(with(1, 0xf, good.driverFeatures(), queues));
        refused(with(TestDevice.ID, 0xf, good.driverFeatures(), queues.subList(0, 1)));
        assertThatThrownBy(() -> with(TestDevice.ID, 0xf, 0, queues))
                .as("no VIRTIO_F_VERSION_1")
                .isInstanceOf(CorruptStateException.class);
        refused(with(TestDevice.ID, 0xf, -1, queues));
        for (int status : new int[] {2, 4, 5, 7, 0x10, 0xff, 0x1f}) {
            assertThatThrownBy(() -> with(TestDevice.ID, status, 0, queues)).isInstanceOf(CorruptStateException.class);
        }
        assertThatThrownBy(() -> with(TestDevice.ID, 3, 0, queues))
                .as("ready queues before FEATURES_OK")
                .isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new MmioTransportState(TestDevice.ID, 0, 0, 0, 0, 0, 4, 0, 0, List.of()))
                .isInstanceOf(CorruptStateException.class);
    }

    @Test
    void tellsInAWordOfTheDriverWhatAnInterruptIsFor() {
        long word = startWithWord();
        driver.queue(1).add(Buffer.writable(driver.allocate(8), 8));
        int before = driver.interrupts;
        driver.kick(1);
        assertThat(driver.interrupts).isEqualTo(before + 1);
        assertThat(driver.interruptStatus()).as("the register is not used").isZero();
        assertThat(driver.memory.getInt(word))
                .as("used buffers are in the rings")
                .isZero();

        driver.memory.setInt(word, 0x100);
        device.requireControl().configChanged();
        assertThat(driver.interrupts).isEqualTo(before + 2);
        assertThat(driver.memory.getInt(word)).isEqualTo(0x100 | Virtio.INTERRUPT_CONFIG_CHANGE);
        assertThat(driver.interruptStatus()).isZero();
    }

    @Test
    void forgetsTheWordAtAReset() {
        long word = startWithWord();
        driver.setStatus(0);
        driver.start(MODERN);
        device.requireControl().configChanged();
        assertThat(driver.memory.getInt(word)).isZero();
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_CONFIG_CHANGE);
    }

    @Test
    void aWordThatIsNoneNeedsAReset() {
        for (long lie : new long[] {0x2001, TestDriver.RAM_BYTES, -4, 1L << 40}) {
            driver.lies.clear();
            driver.setStatus(0);
            driver.negotiate(MODERN);
            driver.setUpQueues();
            driver.writeAddress(MmioRegister.INTERRUPT_WORD_LOW, lie);
            driver.setStatus(Virtio.DRIVER_OK);
            assertThat(driver.status() & Virtio.DEVICE_NEEDS_RESET)
                    .as("0x%x", lie)
                    .isNotZero();
            assertThat(driver.lies).hasSize(1);
        }
        driver.setStatus(0);
        driver.start(MODERN);
        assertThat(driver.status()).isEqualTo(0xf);
    }

    @Test
    void theWordIsSetUpBeforeDriverOkOnly() {
        driver.start(MODERN);
        driver.writeAddress(MmioRegister.INTERRUPT_WORD_LOW, 0x2000);
        device.requireControl().configChanged();
        assertThat(driver.memory.getInt(0x2000)).isZero();
        assertThat(driver.transport.save().interruptWord()).isZero();
    }

    @Test
    void theWordOutlivesARestoreAndOnlyALateInterruptIsRepeated() {
        long word = startWithWord();
        driver.queue(1).add(Buffer.writable(driver.allocate(8), 8));
        driver.kick(1);
        goesOn(driver.transport.save(), word, 0);

        driver.raisesLate = true;
        driver.queue(1).add(Buffer.writable(driver.allocate(8), 8));
        driver.kick(1);
        goesOn(driver.transport.save(), word, 1);
    }

    private void goesOn(MmioTransportState state, long word, int repeated) {
        TestDevice other = new TestDevice();
        TestDriver restored = new TestDriver(other, driver.memory);
        restored.transport.restore(state);
        restored.transport.kickAll();
        restored.transport.kickAll();
        assertThat(restored.interrupts).isEqualTo(repeated);
        assertThat(restored.memory.getInt(word)).isZero();
        other.requireControl().configChanged();
        assertThat(restored.memory.getInt(word)).isEqualTo(Virtio.INTERRUPT_CONFIG_CHANGE);
        restored.memory.setInt(word, 0);
    }

    private long startWithWord() {
        long word = driver.allocate(4);
        driver.negotiate(MODERN);
        driver.setUpQueues();
        driver.writeAddress(MmioRegister.INTERRUPT_WORD_LOW, word);
        driver.setStatus(Virtio.DRIVER_OK);
        driver.runRequested();
        return word;
    }

    private void refused(MmioTransportState state) {
        TestDriver fresh = new TestDriver(new TestDevice(), driver.memory);
        assertThatThrownBy(() -> fresh.transport.restore(state)).isInstanceOf(CorruptStateException.class);
    }

    private static MmioTransportState with(int id, int status, long features, List<QueueState> queues) {
        return new MmioTransportState(id, status, 0, 0, features, 0, 0, 0, 0, queues);
    }

    private void writeAllQueueRegisters() {
        driver.write(MmioRegister.QUEUE_SEL, 0);
        driver.write(MmioRegister.QUEUE_NUM, 4);
        driver.writeAddress(MmioRegister.QUEUE_DESC_LOW, 0x10000);
        driver.writeAddress(MmioRegister.QUEUE_DRIVER_LOW, 0x20000);
        driver.writeAddress(MmioRegister.QUEUE_DEVICE_LOW, 0x30000);
        driver.write(MmioRegister.QUEUE_READY, 1);
    }

    private void bringTo(int status) {
        bring(driver, status);
    }

    private static void bring(TestDriver driver, int status) {
        for (int step : new int[] {Virtio.ACKNOWLEDGE, Virtio.DRIVER, Virtio.FEATURES_OK, Virtio.DRIVER_OK}) {
            if ((status & step) != 0) {
                driver.setStatus(step);
                driver.setFeatures(MODERN); // taken between DRIVER and FEATURES_OK
            }
        }
        driver.requested.clear();
    }

    private static void breakIt(TestDriver driver, int status) {
        if ((status & Virtio.FAILED) != 0) {
            driver.setStatus(Virtio.FAILED);
            return;
        }
        driver.write(MmioRegister.STATUS, 0);
        bring(driver, 0xb);
        driver.setUpQueues();
        driver.setStatus(Virtio.DRIVER_OK);
        driver.queue(0).setAvailIndex(100);
        driver.runRequested();
    }
}
