package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/** A machine under fuzz: one device, its driver and its host, and what must hold after every operation. */
final class FuzzMachine implements AutoCloseable {
    final DeviceKind kind;
    final FuzzHost host;
    TestDriver driver;

    private final Set<String> lies = new HashSet<>();
    private long requestsDone;

    /** @param memory of {@link TestDriver#RAM_BYTES}; zeroed here */
    FuzzMachine(DeviceKind kind, GuestMemory memory) {
        memory.slice(0, TestDriver.RAM_BYTES).fill((byte) 0);
        this.kind = kind;
        this.host = new FuzzHost(memory, new Random(0));
        this.driver = new TestDriver(kind.make(host), memory);
    }

    /** Does one operation, and looks whether the machine is still as it must be. */
    void step(FuzzStep step) {
        host.random().setSeed(step.seed());
        step.operation().apply(this, host.random());
        check();
    }

    /** What must hold between any two operations. */
    void check() {
        for (String lie : driver.lies) {
            lies.add(lie.replaceAll("-?(0x[0-9a-f]+|\\d+)", "N"));
        }
        driver.lies.clear();
        driver.queues.forEach(queue -> requestsDone += takeUsed(queue));
        int status = driver.status();
        require(((status & Virtio.DEVICE_NEEDS_RESET) != 0) == driver.needsReset(), "a lie is not in status " + status);
        boolean live = (status & (Virtio.DRIVER_OK | Virtio.DEVICE_NEEDS_RESET | Virtio.FAILED)) == Virtio.DRIVER_OK;
        require(live || driver.interest == 0, "a stopped device watches its back end");
        require(driver.requested.isEmpty(), "work is left over");
    }

    /** After whatever happened, an honest driver finds a working device. */
    void end() {
        driver.startAll();
        require(driver.status() == 0xf, "the device does not come up again: status " + driver.status());
        require(!driver.needsReset(), "an honest driver is called a liar");
    }

    /** A new machine with the old one's memory and transport state; its driver does not notice. */
    void restore() {
        MmioTransportState state = driver.transport.save();
        TestDriver fresh = new TestDriver(kind.make(host), host.memory());
        driver.transport.close();
        fresh.transport.restore(state);
        require(fresh.transport.save().equals(state), "the state changes by a restore");
        fresh.takeOver(driver);
        driver = fresh;
        driver.transport.kickAll();
        driver.runRequested();
    }

    /** Kinds of lies that were found out, numbers left out. */
    Set<String> lies() {
        return lies;
    }

    /** Used ring entries. */
    long requestsDone() {
        return requestsDone;
    }

    @Override
    public void close() {
        driver.transport.close();
    }

    /** With a damaged ring the entries mean nothing. */
    private static int takeUsed(DriverQueue queue) {
        int count = 0;
        try {
            while (count < 2 * Limits.QUEUE_SIZE && queue.takeUsed() != null) {
                count++;
            }
        } catch (AssertionError notInFlight) {
            count++;
        }
        return count;
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }
}
