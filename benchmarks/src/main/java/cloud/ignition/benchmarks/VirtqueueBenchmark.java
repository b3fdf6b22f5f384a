package cloud.ignition.benchmarks;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
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

/** The parser of hostile input: one request taken, completed and published, as a share of a full batch. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VirtqueueBenchmark {
    private static final int BATCH = 64;
    private static final long DATA = 1 << 20;
    private static final long TABLES = 1 << 19;
    private static final int PIECE = 512;

    /** Descriptors of one request. */
    @Param({"1", "3"})
    int pieces;

    /** Whether they lie in a table of their own. */
    @Param({"false", "true"})
    boolean indirect;

    private final GuestMemory memory = TestRam.of(4 << 20);
    private final SplitQueue queue = new SplitQueue(memory, Limits.QUEUE_SIZE);
    private final DriverQueue driver = new DriverQueue(memory, 0, Limits.QUEUE_SIZE);
    private int availIndex;

    /** Makes all heads available once; later rounds only move the index, so that the driver's half costs nothing. */
    @Setup
    public void fill() {
        DriverQueue.Buffer[] buffers = new DriverQueue.Buffer[pieces];
        for (int i = 0; i < pieces; i++) {
            buffers[i] = DriverQueue.Buffer.readable(DATA + (long) i * PIECE, PIECE);
        }
        if (indirect) {
            driver.addIndirect(TABLES, buffers);
        } else {
            driver.add(buffers);
        }
        for (int entry = 1; entry < Limits.QUEUE_SIZE; entry++) {
            driver.available(0); // the same request in every entry of the ring
        }
        driver.setAvailIndex(0);
        queue.setSize(Limits.QUEUE_SIZE);
        queue.setAddresses(driver.descriptorAddress(), driver.availAddress(), driver.usedAddress());
        queue.enable(true, true);
    }

    /** A batch of requests. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public boolean request() {
        availIndex += BATCH;
        driver.setAvailIndex(availIndex);
        DescriptorChain chain;
        int taken = 0;
        while ((chain = queue.next()) != null) {
            queue.complete(chain.head(), 0);
            taken++;
        }
        if (taken != BATCH) {
            throw new IllegalStateException(taken + " requests");
        }
        queue.publish();
        return queue.takeInterruptDue();
    }
}
