package cloud.ignition.benchmarks;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.TestDriver;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetBackend;
import cloud.ignition.vmm.virtio.net.NetConfig;
import cloud.ignition.vmm.virtio.net.NetDevice;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The device's work for one frame in each direction, in plain memory: a back end in the place of the tap that takes and gives
 * frames without copying them. What a system call and the copy in it cost comes on top.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NetBenchmark {
    private static final int BATCH = 32;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int HEADER = NetDevice.HEADER_BYTES;
    private static final int BUFFER = 1536;
    private static final byte[] MAC = {2, 0x11, 0x22, 0x33, 0x44, 0x55};

    /** Bytes of a frame. */
    @Param({"60", "1514"})
    int bytes;

    private final Wire wire = new Wire();
    private final NetDevice device = new NetDevice(new NetConfig(MacAddress.of(MAC)), wire, System::nanoTime);
    private final TestDriver driver = new TestDriver(device);
    private int receiveIndex;
    private int transmitIndex;

    /** Makes buffers for both directions once; later rounds only move the indices. */
    @Setup
    public void start() {
        driver.startAll();
        wire.frameBytes = HEADER + bytes;
        DriverQueue transmit = driver.queue(TRANSMIT);
        int head = transmit.add(DriverQueue.Buffer.readable(driver.place(frame()), HEADER + bytes));
        DriverQueue receive = driver.queue(RECEIVE);
        int buffer = receive.add(DriverQueue.Buffer.writable(driver.allocate(BUFFER), BUFFER));
        for (int entry = 1; entry < transmit.size(); entry++) {
            transmit.available(head);
            receive.available(buffer);
        }
        transmit.setAvailIndex(0);
        receive.setAvailIndex(receive.size() - BATCH);
        receiveIndex = receive.size() - BATCH;
    }

    private byte[] frame() {
        byte[] frame = new byte[HEADER + bytes];
        System.arraycopy(MAC, 0, frame, HEADER + 6, MAC.length);
        frame[HEADER + 12] = 0x08;
        frame[HEADER + 14] = 0x45;
        return frame;
    }

    /** Frames of the guest. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int transmit() {
        wire.taken = 0;
        transmitIndex += BATCH;
        driver.queue(TRANSMIT).setAvailIndex(transmitIndex);
        driver.kick(TRANSMIT);
        return require(wire.taken);
    }

    /** Frames for the guest; as many buffers as were used are made available again. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int receive() {
        wire.waiting = BATCH;
        receiveIndex += BATCH;
        driver.queue(RECEIVE).setAvailIndex(receiveIndex);
        driver.transport.onBackendReadable();
        return require(BATCH - wire.waiting);
    }

    private static int require(int done) {
        if (done != BATCH) {
            throw new IllegalStateException(done + " frames");
        }
        return done;
    }

    private static final class Wire implements NetBackend {
        int frameBytes;
        int waiting;
        int taken;

        @Override
        public Optional<Fd> fd() {
            return Optional.empty();
        }

        @Override
        public long read(IoVector into) {
            if (waiting == 0) {
                return -Errno.EAGAIN;
            }
            waiting--;
            return frameBytes;
        }

        @Override
        public long write(MemorySegment head, IoVector rest) {
            taken++;
            return head.byteSize() + rest.totalBytes();
        }

        @Override
        public void setReceiveOffloads(boolean checksum, boolean tso4, boolean tso6) {}
    }
}
