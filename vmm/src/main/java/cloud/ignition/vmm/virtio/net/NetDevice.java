package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.TimerFd;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.virtio.ConfigSpace;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A network card (virtio 1.2 §5.1) with one queue pair and a control queue, checksum and TCP segmentation offloads both ways.
 * The guest sends only as itself, and both ways only as fast as its owner allows. How much of the rate limit was used is
 * not part of its state: a sleep is longer than what a bucket takes to fill.
 *
 * <p>With {@link KernelQueues} the host's kernel serves the queue pair while the machine runs, and this device while it pauses: it sends what is
 * left, and saves.
 */
public final class NetDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 3;

    /** Length of struct virtio_net_hdr_v1 in front of each frame. */
    public static final int HEADER_BYTES = 12;

    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int CONTROL = 2;

    static final long F_CSUM = 1L;
    static final long F_GUEST_CSUM = 1L << 1;
    static final long F_MAC = 1L << 5;
    static final long F_GUEST_TSO4 = 1L << 7;
    static final long F_GUEST_TSO6 = 1L << 8;
    static final long F_HOST_TSO4 = 1L << 11;
    static final long F_HOST_TSO6 = 1L << 12;
    static final long F_MRG_RXBUF = 1L << 15;
    static final long F_STATUS = 1L << 16;
    static final long F_CTRL_VQ = 1L << 17;
    static final long F_GUEST_ANNOUNCE = 1L << 21;

    static final long HOST_TSO = F_HOST_TSO4 | F_HOST_TSO6;
    static final long GUEST_TSO = F_GUEST_TSO4 | F_GUEST_TSO6;

    private static final int CONFIG_BYTES = 8;
    private static final int CONFIG_MAC = 0;
    private static final int CONFIG_STATUS = 6;

    static final int S_LINK_UP = 1;
    static final int S_ANNOUNCE = 2;

    private final NetConfig config;
    private final NetBackend backend;
    private final NetActivity activity;
    private final ConfigSpace space;
    private final SourceGuard guard;
    private final Meter receiveMeter;
    private final Meter transmitMeter;
    private final @Nullable TimerFd timer;
    private final @Nullable KernelService kernel;
    private boolean announceDue;
    private boolean announcing;
    private long features;
    private List<SplitQueue> queues = List.of();
    private @Nullable NetReceiver receiver;
    private @Nullable NetTransmitter transmitter;
    private @Nullable NetControl commands;
    private @Nullable DeviceControl control;

    /**
     * A device that moves all frames itself.
     *
     * @param backend stays its owner's
     * @param nanoTime monotonic clock, in nanoseconds
     */
    public NetDevice(NetConfig config, NetBackend backend, LongSupplier nanoTime) {
        this(config, backend, Optional.empty(), nanoTime);
    }

    /**
     * @param backend stays its owner's
     * @param kernel serves the queue pair where the driver allows; not for a device with a rate limit. Frames that it sends have not been looked
     *     at, whatever the configuration says of addresses
     * @param nanoTime monotonic clock, in nanoseconds
     */
    public NetDevice(NetConfig config, NetBackend backend, Optional<KernelQueues> kernel, LongSupplier nanoTime) {
        if (kernel.isPresent() && !config.rate().isUnlimited()) {
            throw new IllegalArgumentException("the kernel keeps no rate limit");
        }
        this.config = config;
        this.backend = backend;
        this.activity = new NetActivity(nanoTime, kernel.isPresent());
        this.space = new ConfigSpace(CONFIG_BYTES)
                .bytes(CONFIG_MAC, config.mac().toBytes())
                .u16(CONFIG_STATUS, S_LINK_UP);
        this.guard = new SourceGuard(config.mac(), config.addresses());
        this.receiveMeter = new Meter(config.rate(), nanoTime);
        this.transmitMeter = new Meter(config.rate(), nanoTime);
        TimerFd clock = config.rate().isUnlimited() && kernel.isEmpty() ? null : TimerFd.create();
        this.timer = clock;
        this.kernel = clock == null
                ? null
                : kernel.map(queues -> new KernelService(queues, activity, clock))
                        .orElse(null);
    }

    /** What went through, as far as is known. */
    public NetActivity activity() {
        return activity;
    }

    /** What went through until now; from any thread, but not on a path that somebody waits for. */
    public NetActivity activityNow() {
        if (kernel != null) {
            boolean _ = kernel.look();
        }
        return activity;
    }

    @Override
    public int deviceId() {
        return Virtio.ID_NET;
    }

    @Override
    public long offeredFeatures() {
        return F_CSUM
                | F_GUEST_CSUM
                | HOST_TSO
                | GUEST_TSO
                | F_MAC
                | F_STATUS
                | F_MRG_RXBUF
                | F_CTRL_VQ
                | F_GUEST_ANNOUNCE;
    }

    /** §5.1.3.1: segmentation needs checksums, announcing the control queue. */
    @Override
    public boolean acceptsFeatures(long features) {
        return ((features & HOST_TSO) == 0 || (features & F_CSUM) != 0)
                && ((features & GUEST_TSO) == 0 || (features & F_GUEST_CSUM) != 0)
                && ((features & F_GUEST_ANNOUNCE) == 0 || (features & F_CTRL_VQ) != 0);
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.QUEUE_SIZE, Limits.QUEUE_SIZE, Limits.NET_CONTROL_QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return space.read(offset, size);
    }

    /** The offloads belong to the tap, not to the machine: they are set again whenever a machine comes to it. */
    @Override
    public void activate(long negotiated, List<SplitQueue> all, DeviceControl deviceControl) {
        features = negotiated;
        queues = List.copyOf(all);
        backend.setReceiveOffloads(
                (features & F_GUEST_CSUM) != 0, (features & F_GUEST_TSO4) != 0, (features & F_GUEST_TSO6) != 0);
        receiver = new NetReceiver(backend, activity, queues.get(RECEIVE), receiveMeter, features);
        transmitter = new NetTransmitter(backend, activity, queues.get(TRANSMIT), guard, transmitMeter, features);
        commands = new NetControl(queues.get(CONTROL), () -> setAnnouncing(false));
        control = deviceControl;
        if (announceDue && (features & F_GUEST_ANNOUNCE) != 0) {
            setAnnouncing(true);
            deviceControl.configChanged();
        }
        announceDue = false;
    }

    @Override
    public void deactivate() {
        if (kernel != null) {
            kernel.stop();
            kernel.reset();
        }
        queues = List.of();
        receiver = null;
        transmitter = null;
        commands = null;
        control = null;
        setAnnouncing(false);
        if (timer != null) {
            timer.disarm();
        }
    }

    @Override
    public void onNotify(int queue) {
        if (queue != CONTROL) {
            letKernelServe();
            if (inKernel() != null) {
                return;
            }
        }
        switch (queue) {
            case RECEIVE -> {
                if (receiver != null && !receiver.wantsFrames() && !receiver.isThrottled()) {
                    receive(receiver); // there may be room now
                }
            }
            case TRANSMIT -> {
                if (transmitter != null && !transmitter.isThrottled()) {
                    transmit(transmitter);
                }
            }
            default -> {
                if (commands != null && commands.obey() && control != null) {
                    control.requestNotify(CONTROL);
                }
            }
        }
    }

    @Override
    public void onKick(int queue) {
        KernelService inKernel = inKernel();
        if (inKernel != null && queue != CONTROL) {
            inKernel.onKick(queue);
        } else {
            onNotify(queue);
        }
    }

    @Override
    public void onResume() {
        letKernelServe();
    }

    @Override
    public void onKernelError() {
        if (inKernel() != null) {
            throw new GuestLieException("the kernel met a queue that no driver makes");
        }
    }

    private void letKernelServe() {
        if (kernel != null
                && receiver != null
                && control != null
                && kernel.isDue(features, queues.get(RECEIVE), queues.get(TRANSMIT))) {
            receiver.returnUnused();
            kernel.start(features, queues.get(RECEIVE), queues.get(TRANSMIT), control);
        }
    }

    /** Who serves the queue pair in this device's place now, if anybody does. */
    private @Nullable KernelService inKernel() {
        return kernel != null && kernel.isServing() ? kernel : null;
    }

    private void receive(NetReceiver rx) {
        rx.receive();
        if (rx.isThrottled()) {
            armTimer();
        }
    }

    private void transmit(NetTransmitter tx) {
        boolean more = tx.transmit();
        if (more && control != null) {
            control.requestNotify(TRANSMIT);
        }
        if (tx.isThrottled()) {
            armTimer();
        }
    }

    /** For whichever direction may go on first. */
    private void armTimer() {
        long nanos = Long.MAX_VALUE;
        if (receiver != null && receiver.isThrottled()) {
            nanos = Math.min(nanos, receiveMeter.nanosToWait());
        }
        if (transmitter != null && transmitter.isThrottled()) {
            nanos = Math.min(nanos, transmitMeter.nanosToWait());
        }
        if (timer != null) {
            timer.setNanos(nanos);
        }
    }

    @Override
    public Optional<Fd> timerFd() {
        return Optional.ofNullable(timer).map(TimerFd::fd);
    }

    @Override
    public void onTimer() {
        if (timer != null) {
            timer.drain();
        }
        KernelService inKernel = inKernel();
        if (inKernel != null) {
            inKernel.onTimer();
            return;
        }
        if (receiver != null && receiver.isThrottled()) {
            receive(receiver);
        }
        if (transmitter != null && transmitter.isThrottled()) {
            transmit(transmitter);
        }
    }

    @Override
    public void returnUnused() {
        KernelService inKernel = inKernel();
        if (inKernel != null) {
            inKernel.stop();
            if (receiver != null) {
                receiver.lookAgain();
            }
            if (transmitter != null) {
                transmit(transmitter); // what was kicked already
            }
        }
        if (receiver != null) {
            receiver.returnUnused();
        }
    }

    @Override
    public Optional<Fd> backendFd() {
        return backend.fd();
    }

    @Override
    public int backendInterest() {
        KernelService inKernel = inKernel();
        if (inKernel != null) {
            return inKernel.interest();
        }
        return receiver != null && receiver.wantsFrames() ? Epoll.IN : 0;
    }

    @Override
    public void onBackendReadable() {
        KernelService inKernel = inKernel();
        if (inKernel != null) {
            inKernel.trafficBegins();
            return;
        }
        if (receiver != null && !receiver.isThrottled()) {
            receive(receiver);
        }
    }

    /** What the guest believes of its network device. */
    public NetState save() {
        return new NetState(config.mac(), announcing);
    }

    /**
     * Checks that this is the device the guest knows; if its owner wants that, the guest will be asked to announce itself.
     *
     * @throws CorruptStateException when it is not
     */
    public void restore(NetState state) {
        CorruptStateException.require(
                state.mac().equals(config.mac()), "the MAC address was " + state.mac() + " and is now " + config.mac());
        setAnnouncing(state.announcing());
        announceDue = config.announceRestored();
    }

    private void setAnnouncing(boolean value) {
        announcing = value;
        space.u16(CONFIG_STATUS, S_LINK_UP | (value ? S_ANNOUNCE : 0));
    }

    /** The back end stays open. */
    @Override
    public void close() {
        Closing closing = new Closing();
        if (kernel != null) {
            closing.then(kernel::close);
        }
        if (timer != null) {
            closing.then(timer::close);
        }
        closing.orThrow();
    }
}
