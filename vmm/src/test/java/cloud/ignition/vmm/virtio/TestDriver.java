package cloud.ignition.vmm.virtio;

import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.DriverQueue;
import cloud.ignition.vmm.virtio.queue.TestRam;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A guest's driver for any device: speaks through registers and queues only, and records what the machine gets told. A
 * device that reports more than one lie between two resets fails the test, whatever it is about.
 */
public final class TestDriver implements TransportHost {
    public static final int RAM_BYTES = 4 << 20;

    /** Where data may lie; below are the queues. */
    static final int DATA_START = 1 << 20;

    /** From one queue's area to the next. */
    static final int QUEUE_BYTES = 1 << 16;

    private static final int SECOND_QUEUES = 1 << 19;

    public final GuestMemory memory;
    public final MmioTransport transport;
    public final List<DriverQueue> queues = new ArrayList<>();
    public final List<String> lies = new ArrayList<>();
    public final List<Integer> requested = new ArrayList<>();
    public int interrupts;
    public boolean raisesLate;
    public int interest;

    /** Queues whose kicks nobody is to hear. */
    public final Set<Integer> unwatched = new TreeSet<>();

    private final long queueBase;
    private long nextData;
    private boolean needsReset;

    public TestDriver(VirtioDevice device) {
        this(device, TestRam.of(RAM_BYTES));
    }

    /** On memory that a driver has used before. */
    public TestDriver(VirtioDevice device, GuestMemory memory) {
        this(device, memory, 0, DATA_START);
    }

    private TestDriver(VirtioDevice device, GuestMemory memory, long queueBase, long dataStart) {
        this.memory = memory;
        this.queueBase = queueBase;
        this.nextData = dataStart;
        this.transport = new MmioTransport(device, memory, this);
    }

    /** Of a second device in the same machine: its queues and data lie elsewhere. */
    public static TestDriver second(VirtioDevice device, GuestMemory memory) {
        return new TestDriver(device, memory, SECOND_QUEUES, DATA_START + RAM_BYTES / 2);
    }

    /** Brings the device up as Linux does. */
    public TestDriver start(long features) {
        negotiate(features);
        setUpQueues();
        setStatus(Virtio.DRIVER_OK);
        runRequested();
        return this;
    }

    /** With everything the device offers. */
    public TestDriver startAll() {
        return start(offered());
    }

    public long offered() {
        write(MmioRegister.DEVICE_FEATURES_SEL, 1);
        long high = Integer.toUnsignedLong(read(MmioRegister.DEVICE_FEATURES));
        write(MmioRegister.DEVICE_FEATURES_SEL, 0);
        return (high << 32) | Integer.toUnsignedLong(read(MmioRegister.DEVICE_FEATURES));
    }

    public void negotiate(long features) {
        write(MmioRegister.STATUS, 0);
        setStatus(Virtio.ACKNOWLEDGE);
        setStatus(Virtio.DRIVER);
        setFeatures(features);
        setStatus(Virtio.FEATURES_OK);
    }

    public void setFeatures(long features) {
        write(MmioRegister.DRIVER_FEATURES_SEL, 0);
        write(MmioRegister.DRIVER_FEATURES, (int) features);
        write(MmioRegister.DRIVER_FEATURES_SEL, 1);
        write(MmioRegister.DRIVER_FEATURES, (int) (features >>> 32));
    }

    public void setUpQueues() {
        queues.clear();
        for (int i = 0; i < transport.queueCount(); i++) {
            long base = queueArea(i);
            memory.slice(base, QUEUE_BYTES).fill((byte) 0);
            write(MmioRegister.QUEUE_SEL, i);
            DriverQueue queue = new DriverQueue(memory, base, read(MmioRegister.QUEUE_NUM_MAX));
            queues.add(queue);
            setUpQueue(i, queue);
        }
    }

    /** Where a queue of this driver lies. */
    long queueArea(int index) {
        return queueBase + (long) index * QUEUE_BYTES;
    }

    public void setUpQueue(int index, DriverQueue queue) {
        write(MmioRegister.QUEUE_SEL, index);
        write(MmioRegister.QUEUE_NUM, queue.size());
        writeAddress(MmioRegister.QUEUE_DESC_LOW, queue.descriptorAddress());
        writeAddress(MmioRegister.QUEUE_DRIVER_LOW, queue.availAddress());
        writeAddress(MmioRegister.QUEUE_DEVICE_LOW, queue.usedAddress());
        write(MmioRegister.QUEUE_READY, 1);
    }

    public void writeAddress(int lowRegister, long address) {
        write(lowRegister, (int) address);
        write(lowRegister + 4, (int) (address >>> 32));
    }

    public DriverQueue queue(int index) {
        return queues.get(index);
    }

    /** Guest memory for data; never freed. */
    public long allocate(int bytes) {
        long at = nextData;
        nextData += (bytes + 15) & ~15;
        if (nextData > RAM_BYTES) {
            throw new AssertionError("the test's RAM is used up");
        }
        return at;
    }

    /** Data in guest memory. */
    public long place(byte[] bytes) {
        long at = allocate(bytes.length);
        memory.write(at, bytes);
        return at;
    }

    /** Kicks a queue and lets the event loop do all that follows. */
    public void kick(int queue) {
        if (!unwatched.contains(queue)) {
            transport.onKick(queue);
        }
        runRequested();
    }

    /** What the event loop does with the device's own requests. */
    public void runRequested() {
        while (!requested.isEmpty()) {
            transport.onKick(requested.removeFirst());
        }
    }

    /** Interrupts since the last call. */
    public int takeInterrupts() {
        int count = interrupts;
        interrupts = 0;
        return count;
    }

    public int read(int register) {
        return (int) transport.read(register, 4);
    }

    public void write(int register, int value) {
        write(register, 4, Integer.toUnsignedLong(value));
    }

    /** A write of any width anywhere in the window. */
    public void write(int offset, int size, long value) {
        transport.write(offset, size, value);
        if (offset == MmioRegister.STATUS && size == Integer.BYTES && value == 0) {
            needsReset = false;
        }
    }

    /** Whether the device has reported a lie since its last reset. */
    public boolean needsReset() {
        return needsReset;
    }

    /** Takes the place of another driver whose machine was saved: the device restored here is the other's. */
    void takeOver(TestDriver other) {
        queues.addAll(other.queues);
        needsReset = other.needsReset;
    }

    public int status() {
        return read(MmioRegister.STATUS);
    }

    /** Adds bits to the status. */
    public void setStatus(int bits) {
        write(MmioRegister.STATUS, status() | bits);
    }

    public int interruptStatus() {
        return read(MmioRegister.INTERRUPT_STATUS);
    }

    public void acknowledge(int bits) {
        write(MmioRegister.INTERRUPT_ACK, bits);
    }

    @Override
    public void raise() {
        interrupts++;
    }

    @Override
    public boolean raisesLate() {
        return raisesLate;
    }

    @Override
    public void requestNotify(int queue) {
        if (!requested.contains(queue)) {
            requested.add(queue); // as with an eventfd
        }
    }

    @Override
    public void watchKicks(int queue, boolean on) {
        if (on) {
            unwatched.remove(queue);
        } else {
            unwatched.add(queue);
        }
    }

    @Override
    public void watchBackend(int epollEvents) {
        interest = epollEvents;
    }

    @Override
    public void deviceNeedsReset(String reason) {
        if (needsReset) {
            throw new AssertionError("told twice without a reset: " + reason);
        }
        needsReset = true;
        lies.add(reason);
    }
}
