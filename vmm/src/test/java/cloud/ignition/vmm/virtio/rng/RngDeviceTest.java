package cloud.ignition.vmm.virtio.rng;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RngDeviceTest {
    private static final int BURST = 8192;
    private static final int RATE = 1_000_000;
    private static final byte FILL = 0x5a;

    private long now;
    private RngDevice device = new RngDevice(new RngConfig(RATE, BURST), t -> t.fill(FILL), () -> now);
    private TestDriver driver = new TestDriver(device).startAll();

    @AfterEach
    void close() {
        driver.transport.close();
    }

    @Test
    void fillsScatteredBuffersExactly() {
        long at = driver.allocate(200);
        driver.queue(0).add(writable(at, 50), writable(at + 100, 10));
        driver.kick(0);
        assertThat(driver.queue(0).takeUsed()).isEqualTo(new Used(0, 60));
        for (int i = 0; i < 200; i++) {
            boolean asked = i < 50 || (i >= 100 && i < 110);
            assertThat(driver.memory.getByte(at + i)).as("byte %d", i).isEqualTo(asked ? FILL : 0);
        }
        assertThat(device.save()).isEqualTo(new RngState(60));
    }

    @Test
    void oneRequestGetsNoMoreThanTheLimit() {
        long at = driver.allocate(1 << 16);
        driver.queue(0).add(writable(at, 1 << 16));
        driver.kick(0);
        assertThat(driver.queue(0).takeUsed()).isEqualTo(new Used(0, Limits.RNG_REQUEST_BYTES));
        assertThat(driver.memory.getByte(at + Limits.RNG_REQUEST_BYTES - 1)).isEqualTo(FILL);
        assertThat(driver.memory.getByte(at + Limits.RNG_REQUEST_BYTES)).isZero();
    }

    @Test
    void overTheBudgetRequestsWaitForTheTimer() {
        long at = driver.allocate(4096);
        for (int i = 0; i < 4; i++) {
            driver.queue(0).add(writable(at, 4096));
        }
        driver.kick(0);
        assertThat(driver.queue(0).takeAllUsed()).hasSize(2); // the burst
        assertThat(driver.interest).isEqualTo(Epoll.IN);
        driver.kick(0);
        assertThat(driver.queue(0).takeUsed()).as("a kick does not help").isNull();
        now += TimeUnit.MILLISECONDS.toNanos(4);
        driver.transport.onBackendReadable();
        assertThat(driver.queue(0).takeAllUsed()).extracting(Used::length).containsExactly(4000L);
        now += TimeUnit.SECONDS.toNanos(1);
        driver.transport.onBackendReadable();
        assertThat(driver.queue(0).takeAllUsed()).hasSize(1);
        assertThat(driver.interest).isZero();
    }

    @Test
    void theTimerIsReal() {
        driver.transport.close();
        device = new RngDevice(new RngConfig(RATE, BURST), RngBackend.host(), System::nanoTime);
        driver = new TestDriver(device).startAll();
        long at = driver.allocate(4096);
        int requests = 20;
        for (int i = 0; i < requests; i++) {
            driver.queue(0).add(writable(at, 4096));
        }
        driver.kick(0);
        int served = driver.queue(0).takeAllUsed().size();
        try (Epoll epoll = Epoll.create()) {
            epoll.add(driver.transport.backendFd().orElseThrow(), Epoll.IN, 1);
            Epoll.Events events = new Epoll.Events(1);
            while (served < requests) {
                assertThat(epoll.await(events, 5000)).isEqualTo(1);
                driver.transport.onBackendReadable();
                served += driver.queue(0).takeAllUsed().size();
            }
        }
        assertThat(driver.memory.read(at, 64)).isNotEqualTo(new byte[64]);
    }

    @Test
    void aResetDisarmsTheTimer() {
        long at = driver.allocate(4096);
        for (int i = 0; i < 4; i++) {
            driver.queue(0).add(writable(at, 4096));
        }
        driver.kick(0);
        assertThat(driver.interest).isEqualTo(Epoll.IN);
        driver.startAll();
        assertThat(driver.interest).isZero();
    }

    @Test
    void readableBuffersAreLies() {
        driver.queue(0).add(readable(driver.allocate(8), 8));
        driver.kick(0);
        assertThat(driver.lies).containsExactly("virtio device 4: readable descriptor in an entropy request");
    }

    @Test
    void twoMachinesOfOneSnapshotDiffer() {
        RngState state = new RngState(100);
        byte[][] drawn = new byte[2][];
        for (int i = 0; i < 2; i++) {
            driver.transport.close();
            device = RngDevice.create();
            device.restore(state);
            driver = new TestDriver(device).startAll();
            long at = driver.allocate(32);
            driver.queue(0).add(writable(at, 32));
            driver.kick(0);
            drawn[i] = driver.memory.read(at, 32);
        }
        assertThat(drawn[0]).isNotEqualTo(drawn[1]);
        assertThat(device.save()).isEqualTo(new RngState(132));
    }

    @Test
    void stateAndConfigAreChecked() {
        StateWriter out = new StateWriter();
        new RngState(5).write(out);
        assertThat(RngState.read(new StateReader(out.toByteArray()))).isEqualTo(new RngState(5));
        assertThatThrownBy(() -> new RngState(-1)).isInstanceOf(CorruptStateException.class);
        for (int[] bad : List.of(new int[] {0, 100}, new int[] {100, RngDevice.SMALLEST_ANSWER - 1})) {
            assertThatThrownBy(() -> new RngConfig(bad[0], bad[1])).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
