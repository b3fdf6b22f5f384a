package cloud.ignition.vmm.virtio.block;

import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.readable;
import static cloud.ignition.vmm.virtio.queue.DriverQueue.Buffer.writable;
import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Epoll;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.queue.DriverQueue.Used;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests under way: the executor is this test, which does them when and in which order it likes. */
class BlockInFlightTest {
    private static final int SECTOR = BlockDevice.SECTOR_BYTES;
    private static final int SECTORS = 256;
    private static final byte PENDING = (byte) 0xff;

    @TempDir
    Path directory;

    private final byte[] content = new byte[SECTORS * SECTOR];
    private final List<Runnable> tasks = new ArrayList<>();
    private final GuestMemory memory = TestRam.of(TestDriver.RAM_BYTES);
    private Path file;
    private TestDriver driver;

    @BeforeEach
    void createDisk() throws Exception {
        new Random(9).nextBytes(content);
        file = Files.write(directory.resolve("disk"), content);
        driver = new TestDriver(disk(), memory).startAll();
    }

    @AfterEach
    void close() {
        runTasks();
        driver.transport.close();
    }

    @Test
    void theEventLoopDoesNotWaitAndAnswersComeAsTheyAreDone() {
        Request[] requests = {read(0), read(1), read(2)};
        driver.kick(0);
        assertThat(tasks).hasSize(3);
        assertThat(driver.queue(0).takeUsed()).isNull();
        assertThat(driver.takeInterrupts()).isZero();
        assertThat(driver.interest).isEqualTo(Epoll.IN);
        tasks.remove(2).run();
        tasks.remove(0).run();
        assertThat(requests[2].status()).as("answered on the event loop only").isEqualTo(PENDING);
        driver.transport.onBackendReadable();
        assertThat(driver.queue(0).takeAllUsed())
                .containsExactly(new Used(requests[2].head, SECTOR + 1), new Used(requests[0].head, SECTOR + 1));
        assertThat(driver.takeInterrupts()).isEqualTo(1);
        requests[2].isAnswered(2);
        requests[0].isAnswered(0);
        assertThat(requests[1].status()).isEqualTo(PENDING);
        runTasks();
        driver.transport.onBackendReadable();
        requests[1].isAnswered(1);
    }

    @Test
    void isAtWorkUntilTheLastRequestIsAnswered() {
        BlockDevice disk = (BlockDevice) driver.transport.device();
        assertThat(disk.isAtWork()).isFalse();
        read(0);
        read(1);
        driver.kick(0);
        assertThat(disk.isAtWork()).isTrue();
        tasks.removeFirst().run();
        driver.transport.onBackendReadable();
        assertThat(disk.isAtWork()).as("one is left").isTrue();
        runTasks();
        driver.transport.onBackendReadable();
        assertThat(disk.isAtWork()).isFalse();
    }

    @Test
    void whatIsUnderWayIsBoundedAndTheRestFollows() {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            requests.add(read(i));
        }
        driver.kick(0);
        assertThat(tasks).hasSize(Limits.BLOCK_IN_FLIGHT);
        driver.kick(0);
        assertThat(tasks).hasSize(Limits.BLOCK_IN_FLIGHT);
        tasks.removeFirst().run();
        driver.transport.onBackendReadable();
        assertThat(tasks).as("one has taken its place").hasSize(Limits.BLOCK_IN_FLIGHT);
        Collections.shuffle(tasks, new Random(3));
        while (!tasks.isEmpty()) {
            runTasks();
            driver.transport.onBackendReadable();
        }
        for (int i = 0; i < requests.size(); i++) {
            requests.get(i).isAnswered(i);
        }
        assertThat(driver.queue(0).takeAllUsed()).hasSize(80);
    }

    /** The pause before a save: everything under way is answered, with its interrupt; what is in the queue stays there. */
    @Test
    void aSaveWaitsForWhatIsUnderWay() throws Exception {
        List<Request> requests = new ArrayList<>();
        for (int i = 0; i < 70; i++) {
            requests.add(read(i));
        }
        driver.kick(0);
        List<Runnable> underWay = new ArrayList<>(tasks);
        tasks.clear();
        CountDownLatch draining = new CountDownLatch(1);
        Thread disk = Thread.ofPlatform().start(() -> {
            await(draining);
            underWay.forEach(Runnable::run);
        });
        draining.countDown();
        driver.transport.drain();
        assertThat(driver.interruptStatus()).isEqualTo(Virtio.INTERRUPT_USED_BUFFER);
        assertThat(driver.queue(0).takeAllUsed()).hasSize(Limits.BLOCK_IN_FLIGHT);
        assertThat(tasks).isEmpty();
        disk.join();
        MmioTransportState state = driver.transport.save();

        TestDriver restored = new TestDriver(disk(), memory);
        restored.transport.restore(state);
        restored.transport.kickAll();
        assertThat(tasks).as("the other requests").hasSize(70 - Limits.BLOCK_IN_FLIGHT);
        runTasks();
        restored.transport.onBackendReadable();
        for (int i = 0; i < requests.size(); i++) {
            requests.get(i).isAnswered(i);
        }
        restored.transport.close();

        driver.runRequested(); // the paused machine may just as well go on
        assertThat(tasks).hasSize(70 - Limits.BLOCK_IN_FLIGHT);
    }

    @Test
    void aResetWaitsForWhatIsUnderWayAndAnswersNothing() throws Exception {
        Request request = read(5);
        driver.kick(0);
        Runnable underWay = tasks.removeFirst();
        CountDownLatch resetting = new CountDownLatch(1);
        Thread disk = Thread.ofPlatform().start(() -> {
            await(resetting);
            underWay.run();
        });
        resetting.countDown();
        driver.write(0x70, 0);
        assertThat(memory.read(request.data, SECTOR))
                .as("done before the reset is")
                .isEqualTo(sector(5));
        assertThat(request.status()).isEqualTo(PENDING);
        assertThat(driver.queue(0).takeUsed()).isNull();
        disk.join();
        driver.startAll();
        driver.transport.onBackendReadable();
        assertThat(driver.queue(0).takeUsed()).isNull();
        Request next = read(6);
        driver.kick(0);
        runTasks();
        driver.transport.onBackendReadable();
        next.isAnswered(6);
    }

    @Test
    void aLieEndsTheDeviceAfterWhatIsUnderWay() throws Exception {
        Request request = read(5);
        driver.kick(0);
        driver.queue(0).add(readable(driver.allocate(16), 16));
        Thread disk = Thread.ofPlatform().start(tasks.removeFirst());
        driver.kick(0);
        assertThat(driver.lies).hasSize(1);
        disk.join();
        assertThat(memory.read(request.data, SECTOR)).isEqualTo(sector(5));
        driver.startAll();
        Request next = read(7);
        driver.kick(0);
        runTasks();
        driver.transport.onBackendReadable();
        next.isAnswered(7);
    }

    /** A guest that changes a request behind the device's back gets what it asked for first. */
    @Test
    void aRequestIsReadOnce() throws Exception {
        Request request = read(3);
        driver.kick(0);
        memory.setInt(request.header, BlockDevice.T_OUT);
        memory.setLong(request.header + 8, 99);
        driver.queue(0).descriptor(request.head, 0, 1, 0, 0);
        runTasks();
        driver.transport.onBackendReadable();
        request.isAnswered(3);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    /** Real threads, many requests, every answer right; afterwards no thread is left. */
    @Test
    void diskThreadsDoManyRequestsAtOnce() throws Exception {
        ExecutorService threads = DiskThreads.create();
        driver.transport.close();
        driver = new TestDriver(
                        new BlockDevice(new BlockConfig("root", false), FileBackend.open(file, false), threads), memory)
                .startAll();
        try (Epoll epoll = Epoll.create()) {
            epoll.add(driver.transport.backendFd().orElseThrow(), Epoll.IN, 0);
            Epoll.Events events = new Epoll.Events(1);
            Random random = new Random(4);
            for (int round = 0; round < 40; round++) {
                List<Request> requests = new ArrayList<>();
                int[] sectors = new int[60];
                for (int i = 0; i < sectors.length; i++) {
                    sectors[i] = random.nextInt(SECTORS);
                    requests.add(read(sectors[i]));
                }
                driver.kick(0);
                for (int answered = 0; answered < sectors.length; ) {
                    answered += driver.queue(0).takeAllUsed().size();
                    if (answered < sectors.length) {
                        assertThat(epoll.await(events, 10_000)).isEqualTo(1);
                        driver.transport.onBackendReadable();
                    }
                }
                for (int i = 0; i < sectors.length; i++) {
                    requests.get(i).isAnswered(sectors[i]);
                }
                nextBuffer = 0;
            }
        }
        driver.transport.close();
        threads.close();
        assertThat(threads.isTerminated()).isTrue();
    }

    private BlockDevice disk() {
        return new BlockDevice(new BlockConfig("root", false), FileBackend.open(file, false), tasks::add);
    }

    private void runTasks() {
        List<Runnable> all = new ArrayList<>(tasks);
        tasks.clear();
        all.forEach(Runnable::run);
    }

    private int nextBuffer;

    private Request read(int sector) {
        long at = (1 << 20) + 1024L * nextBuffer++;
        Request request = new Request(at, at + 64, at + 32);
        memory.setInt(request.header, BlockDevice.T_IN);
        memory.setLong(request.header + 8, sector);
        memory.setByte(request.statusAt, PENDING);
        memory.slice(request.data, SECTOR).fill((byte) 0);
        request.head = driver.queue(0)
                .add(readable(request.header, 16), writable(request.data, SECTOR), writable(request.statusAt, 1));
        return request;
    }

    private byte[] sector(int sector) {
        return Arrays.copyOfRange(content, sector * SECTOR, (sector + 1) * SECTOR);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Request {
        final long header;
        final long data;
        final long statusAt;
        int head;

        Request(long header, long data, long statusAt) {
            this.header = header;
            this.data = data;
            this.statusAt = statusAt;
        }

        byte status() {
            return memory.getByte(statusAt);
        }

        void isAnswered(int sector) {
            assertThat((int) status()).isEqualTo(BlockDevice.S_OK);
            assertThat(memory.read(data, SECTOR)).isEqualTo(sector(sector));
        }
    }
}
