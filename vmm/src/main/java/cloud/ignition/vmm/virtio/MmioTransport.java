package cloud.ignition.vmm.virtio;

import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.bus.BusDevice;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.queue.QueueState;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The virtio-mmio register block in front of a device (virtio 1.2 §4.2, version 2, no legacy interface).
 *
 * <p>vCPU threads access the registers, the event loop works on the queues; one lock, this object's monitor, guards
 * both. Only the interrupt registers, read by the guest in each interrupt, are free of it. Registers are 32 bits wide:
 * an access of another width reads zero and writes nothing, as does one that is not allowed in the device's status.
 *
 * <p>A {@link GuestLieException} from a queue or the device stops the device: DEVICE_NEEDS_RESET is set, the driver is
 * told, and nothing more is looked at until the driver resets the device; then it works again.
 */
public final class MmioTransport implements BusDevice, AutoCloseable {
    /** Length of a device's window, in bytes. */
    public static final int WINDOW_BYTES = 0x1000;

    /** Where in the window the guest kicks a queue: for an ioeventfd of 4 bytes with the queue's index as datum. */
    public static final int QUEUE_NOTIFY_OFFSET = MmioRegister.QUEUE_NOTIFY;

    private static final long QUEUE_FEATURES = Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX | Virtio.F_INDIRECT_DESC;
    private static final int REGISTER_BYTES = 4;
    private static final long LOW = 0xffff_ffffL;

    private final VirtioDevice device;
    private final TransportHost host;
    private final GuestMemory memory;
    private final Negotiation negotiation;
    private final List<SplitQueue> queues;

    /** The register. Where the driver has an interrupt word, which it reads instead: what must be raised again after a restore. */
    private final AtomicInteger interruptStatus = new AtomicInteger();

    /** Bits of the interrupt status that are always set. */
    private volatile int standingInterrupts;

    private final DeviceControl control = new Control();

    private int queueSelect;
    private int configGeneration;
    private long interruptWordAddress;

    /** While the device is active, if the driver wants it. */
    private @Nullable InterruptWord interruptWord;

    private int watched;
    private boolean active;

    /**
     * A device after reset.
     *
     * @param device belongs to this transport from now on
     * @param memory of the machine
     * @param host the machine
     */
    public MmioTransport(VirtioDevice device, GuestMemory memory, TransportHost host) {
        this.device = device;
        this.host = host;
        this.memory = memory;
        this.negotiation = new Negotiation(device, device.offeredFeatures() | QUEUE_FEATURES);
        this.queues = Arrays.stream(device.queueSizes())
                .mapToObj(size -> new SplitQueue(memory, size))
                .toList();
    }

    /** The device behind the registers. */
    public VirtioDevice device() {
        return device;
    }

    /** Number of queues; each gets an ioeventfd. */
    public int queueCount() {
        return queues.size();
    }

    /** What {@link #onBackendReadable} and {@link #onBackendWritable} are about, if the device has it. */
    public Optional<Fd> backendFd() {
        return device.backendFd();
    }

    /** What {@link #onTimer} is about, if the device has it; to be watched for reading, always. */
    public Optional<Fd> timerFd() {
        return device.timerFd();
    }

    /** What {@link #backendFd} is to be watched for now; later changes go to {@link TransportHost#watchBackend}. */
    public synchronized int backendInterest() {
        return watched;
    }

    @Override
    public long read(long offset, int size) {
        if (offset == MmioRegister.INTERRUPT_STATUS && size == REGISTER_BYTES) {
            return interruptStatus.get() | standingInterrupts;
        }
        synchronized (this) {
            if (offset >= MmioRegister.CONFIG) {
                return device.readConfig((int) offset - MmioRegister.CONFIG, size);
            }
            return size == REGISTER_BYTES ? readRegister((int) offset) & LOW : 0;
        }
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == MmioRegister.INTERRUPT_ACK && size == REGISTER_BYTES) {
            interruptStatus.getAndUpdate(status -> status & ~(int) value);
            return;
        }
        synchronized (this) {
            if (offset >= MmioRegister.CONFIG) {
                guarded(() -> device.writeConfig((int) offset - MmioRegister.CONFIG, size, value));
            } else if (size == REGISTER_BYTES) {
                guarded(() -> writeRegister((int) offset, (int) value));
            }
        }
    }

    /** The guest has kicked a queue, or the device has asked for it. On the event loop. */
    public synchronized void onKick(int queue) {
        if (active) {
            guarded(() -> device.onKick(queue));
        }
    }

    /** There may be something in a queue. On the event loop. */
    public synchronized void onNotify(int queue) {
        if (active) {
            guarded(() -> device.onNotify(queue));
        }
    }

    /** The machine runs again. On the event loop, behind {@link #kickAll} where that is due. */
    public synchronized void onResume() {
        if (active) {
            guarded(device::onResume);
        }
    }

    /** The host's kernel met a queue that is not as a driver makes it. On the event loop. */
    public synchronized void onKernelError() {
        if (active) {
            guarded(device::onKernelError);
        }
    }

    /** {@link #backendFd} is readable. On the event loop. */
    public synchronized void onBackendReadable() {
        if (active) {
            guarded(device::onBackendReadable);
        }
    }

    /** {@link #backendFd} is writable. On the event loop. */
    public synchronized void onBackendWritable() {
        if (active) {
            guarded(device::onBackendWritable);
        }
    }

    /** {@link #timerFd} is readable. On the event loop. */
    public synchronized void onTimer() {
        if (active) {
            guarded(device::onTimer);
        }
    }

    /** Finishes what is under way, with its interrupts: afterwards the device leaves the guest's memory alone. */
    public synchronized void drain() {
        if (active) {
            guarded(device::returnUnused);
        }
    }

    /**
     * Does everything that may be pending: to be called once on the event loop after a restore, because a kick or an
     * interrupt on its way at the time of the save is lost. Harmless at any other time.
     */
    public synchronized void kickAll() {
        if (interruptStatus.get() != 0) {
            host.raise();
            if (interruptWord != null) {
                interruptStatus.set(0); // the driver acknowledges nothing
            }
        }
        for (int queue = 0; queue < queues.size(); queue++) {
            onNotify(queue);
        }
    }

    /** The state as it is now; the machine is paused. */
    public synchronized MmioTransportState save() {
        drain();
        List<QueueState> saved = new ArrayList<>();
        queues.forEach(queue -> saved.add(queue.save()));
        return new MmioTransportState(
                device.deviceId(),
                negotiation.status(),
                negotiation.deviceFeaturesSelect(),
                negotiation.driverFeaturesSelect(),
                negotiation.driverFeatures(),
                queueSelect,
                interruptStatus.get(),
                configGeneration,
                interruptWordAddress,
                saved);
    }

    /**
     * Takes over a saved state; the device's own state must have been restored before. {@link #kickAll} has to follow
     * when the event loop runs.
     *
     * @throws CorruptStateException when the state cannot be one of this device
     */
    public synchronized void restore(MmioTransportState state) {
        CorruptStateException.require(
                state.deviceId() == device.deviceId(),
                "state of virtio device " + state.deviceId() + " for device " + device.deviceId());
        CorruptStateException.require(
                state.queues().size() == queues.size(),
                state.queues().size() + " queues for a device with " + queues.size());
        CorruptStateException.require(
                (state.status() & Virtio.FEATURES_OK) == 0 || negotiation.featuresAcceptable(state.driverFeatures()),
                "virtio features 0x" + Long.toHexString(state.driverFeatures()));
        reset();
        negotiation.restore(state);
        queueSelect = state.queueSelect();
        configGeneration = state.configGeneration();
        interruptWordAddress = state.interruptWord();
        interruptStatus.set(state.interruptStatus());
        for (int i = 0; i < queues.size(); i++) {
            queues.get(i).restore(state.queues().get(i), usesEventIdx(), usesIndirect());
        }
        activateIfLive();
        updateInterest();
    }

    /** Closes the device. */
    @Override
    public synchronized void close() {
        active = false;
        device.close();
    }

    private int readRegister(int offset) {
        return switch (offset) {
            case MmioRegister.MAGIC_VALUE -> MmioRegister.MAGIC;
            case MmioRegister.VERSION -> MmioRegister.MODERN;
            case MmioRegister.DEVICE_ID -> device.deviceId();
            case MmioRegister.VENDOR_ID -> MmioRegister.VENDOR;
            case MmioRegister.DEVICE_FEATURES -> negotiation.deviceFeatures();
            case MmioRegister.QUEUE_NUM_MAX ->
                selectedQueue().map(SplitQueue::maxSize).orElse(0);
            case MmioRegister.QUEUE_READY ->
                selectedQueue().filter(SplitQueue::isReady).isPresent() ? 1 : 0;
            case MmioRegister.STATUS -> negotiation.status();
            // §4.2.2: a shared memory region that does not exist has length and base -1
            case MmioRegister.SHM_LEN_LOW,
                    MmioRegister.SHM_LEN_HIGH,
                    MmioRegister.SHM_BASE_LOW,
                    MmioRegister.SHM_BASE_HIGH -> -1;
            case MmioRegister.INTERRUPT_WORD_LOW -> MmioRegister.WORD_OFFERED;
            case MmioRegister.CONFIG_GENERATION -> configGeneration;
            default -> 0; // write-only, reserved or misaligned
        };
    }

    private void writeRegister(int offset, int value) {
        switch (offset) {
            case MmioRegister.DEVICE_FEATURES_SEL -> negotiation.selectDeviceFeatures(value);
            case MmioRegister.DRIVER_FEATURES_SEL -> negotiation.selectDriverFeatures(value);
            case MmioRegister.DRIVER_FEATURES -> negotiation.setDriverFeatures(value);
            case MmioRegister.QUEUE_SEL -> queueSelect = value;
            case MmioRegister.QUEUE_NOTIFY -> {
                // normally caught by an ioeventfd before it comes here
                if (active && Integer.compareUnsigned(value, queues.size()) < 0) {
                    host.requestNotify(value);
                }
            }
            case MmioRegister.STATUS -> writeStatus(value);
            case MmioRegister.INTERRUPT_WORD_LOW -> setInterruptWord(low(interruptWordAddress, value));
            case MmioRegister.INTERRUPT_WORD_HIGH -> setInterruptWord(high(interruptWordAddress, value));
            case MmioRegister.QUEUE_READY -> selectedQueue().ifPresent(queue -> writeQueueReady(queue, value));
            default -> {
                if (negotiation.isQueueSetup()) {
                    selectedQueue().filter(q -> !q.isReady()).ifPresent(queue -> setUpQueue(queue, offset, value));
                }
            }
        }
    }

    private void writeStatus(int value) {
        if (value == 0) {
            reset();
            return;
        }
        negotiation.advance(value);
        if (active && !negotiation.isLive()) {
            deactivate(); // FAILED
        } else if (!active && negotiation.isLive()) {
            activateIfLive();
            for (int queue = 0; queue < queues.size(); queue++) {
                host.requestNotify(queue); // the driver may have filled it before DRIVER_OK
            }
        }
    }

    private void writeQueueReady(SplitQueue queue, int value) {
        if (value == 1 && negotiation.isQueueSetup() && !queue.isReady()) {
            queue.enable(usesEventIdx(), usesIndirect());
        } else if (value == 0 && queue.isReady()) {
            if (active) {
                device.returnUnused();
            }
            queue.disable();
        }
    }

    private void setInterruptWord(long address) {
        if (negotiation.isQueueSetup()) {
            interruptWordAddress = address;
        }
    }

    private void setUpQueue(SplitQueue queue, int offset, int value) {
        long descriptors = queue.descriptorAddress();
        long avail = queue.availAddress();
        long used = queue.usedAddress();
        switch (offset) {
            case MmioRegister.QUEUE_NUM -> queue.setSize(value);
            case MmioRegister.QUEUE_DESC_LOW -> queue.setAddresses(low(descriptors, value), avail, used);
            case MmioRegister.QUEUE_DESC_HIGH -> queue.setAddresses(high(descriptors, value), avail, used);
            case MmioRegister.QUEUE_DRIVER_LOW -> queue.setAddresses(descriptors, low(avail, value), used);
            case MmioRegister.QUEUE_DRIVER_HIGH -> queue.setAddresses(descriptors, high(avail, value), used);
            case MmioRegister.QUEUE_DEVICE_LOW -> queue.setAddresses(descriptors, avail, low(used, value));
            case MmioRegister.QUEUE_DEVICE_HIGH -> queue.setAddresses(descriptors, avail, high(used, value));
            default -> {} // read-only, reserved or misaligned
        }
    }

    private Optional<SplitQueue> selectedQueue() {
        boolean exists = Integer.compareUnsigned(queueSelect, queues.size()) < 0;
        return exists ? Optional.of(queues.get(queueSelect)) : Optional.empty();
    }

    /** Does something the guest asked for, then what follows from it: interrupts, interest, and the end of a liar. */
    private void guarded(Runnable action) {
        try {
            action.run();
            raiseIfDue();
        } catch (GuestLieException lie) {
            stop(lie);
        }
        updateInterest();
    }

    private void raiseIfDue() {
        boolean due = false;
        for (int i = 0; i < queues.size(); i++) {
            due |= queues.get(i).takeInterruptDue();
        }
        if (due) {
            interrupt(Virtio.INTERRUPT_USED_BUFFER);
        }
    }

    private void stop(GuestLieException lie) {
        negotiation.setNeedsReset();
        deactivate();
        if (negotiation.has(Virtio.DRIVER_OK)) {
            interrupt(Virtio.INTERRUPT_CONFIG_CHANGE);
        }
        host.deviceNeedsReset("virtio device " + device.deviceId() + ": " + lie.getMessage());
    }

    private void interrupt(int bit) {
        InterruptWord word = interruptWord;
        if (word == null || host.raisesLate()) {
            interruptStatus.getAndUpdate(status -> status | bit);
        }
        if (word != null && bit != Virtio.INTERRUPT_USED_BUFFER) {
            word.set(bit);
        }
        host.raise(); // also when the bit was set: the guest may have read it just before
    }

    private void activateIfLive() {
        if (!active && negotiation.isLive()) {
            interruptWord = interruptWordAddress == 0 ? null : new InterruptWord(memory, interruptWordAddress);
            active = true;
            device.activate(negotiation.driverFeatures(), queues, control);
        }
    }

    private void deactivate() {
        if (active) {
            active = false;
            device.deactivate();
        }
    }

    private void reset() {
        deactivate();
        negotiation.reset();
        queues.forEach(SplitQueue::reset);
        queueSelect = 0;
        interruptStatus.set(0);
        interruptWordAddress = 0;
        interruptWord = null;
    }

    private void updateInterest() {
        int interest = active ? device.backendInterest() : 0;
        if (interest != watched) {
            watched = interest;
            host.watchBackend(interest);
        }
    }

    private boolean usesEventIdx() {
        return (negotiation.driverFeatures() & Virtio.F_EVENT_IDX) != 0;
    }

    private boolean usesIndirect() {
        return (negotiation.driverFeatures() & Virtio.F_INDIRECT_DESC) != 0;
    }

    private static long low(long address, int value) {
        return (address & ~LOW) | Integer.toUnsignedLong(value);
    }

    private static long high(long address, int value) {
        return (address & LOW) | (Integer.toUnsignedLong(value) << 32);
    }

    private final class Control implements DeviceControl {
        @Override
        public void requestNotify(int queue) {
            host.requestNotify(queue);
        }

        @Override
        public void configChanged() {
            configGeneration++;
            if (active) {
                interrupt(Virtio.INTERRUPT_CONFIG_CHANGE);
            }
        }

        @Override
        public void interruptedByKernel(boolean on) {
            standingInterrupts = on ? Virtio.INTERRUPT_USED_BUFFER : 0;
            if (!on) { // one may be on its way
                interruptStatus.getAndUpdate(status -> status | Virtio.INTERRUPT_USED_BUFFER);
            }
        }

        @Override
        public void watchKicks(int queue, boolean on) {
            host.watchKicks(queue, on);
        }
    }
}
