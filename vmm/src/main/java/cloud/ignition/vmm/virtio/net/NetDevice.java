package cloud.ignition.vmm.virtio.net;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
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

/** A network card (virtio 1.2 §5.1) with one queue pair, checksum and TCP segmentation offloads both ways. */
public final class NetDevice implements VirtioDevice {
    /** Length of struct virtio_net_hdr_v1 in front of each frame. */
    public static final int HEADER_BYTES = 12;

    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;

    static final long F_CSUM = 1L;
    static final long F_GUEST_CSUM = 1L << 1;
    static final long F_MAC = 1L << 5;
    static final long F_GUEST_TSO4 = 1L << 7;
    static final long F_GUEST_TSO6 = 1L << 8;
    static final long F_HOST_TSO4 = 1L << 11;
    static final long F_HOST_TSO6 = 1L << 12;
    static final long F_MRG_RXBUF = 1L << 15;
    static final long F_STATUS = 1L << 16;

    private static final long HOST_TSO = F_HOST_TSO4 | F_HOST_TSO6;
    private static final long GUEST_TSO = F_GUEST_TSO4 | F_GUEST_TSO6;

    private static final int CONFIG_BYTES = 8;
    private static final int CONFIG_MAC = 0;
    private static final int CONFIG_STATUS = 6;
    private static final int STATUS_LINK_UP = 1;

    private final NetConfig config;
    private final NetBackend backend;
    private final NetActivity activity;
    private final ConfigSpace space;
    private @Nullable NetReceiver receiver;
    private @Nullable NetTransmitter transmitter;
    private @Nullable DeviceControl control;

    /**
     * @param backend stays its owner's
     * @param nanoTime monotonic clock, in nanoseconds
     */
    public NetDevice(NetConfig config, NetBackend backend, LongSupplier nanoTime) {
        this.config = config;
        this.backend = backend;
        this.activity = new NetActivity(nanoTime);
        this.space = new ConfigSpace(CONFIG_BYTES)
                .bytes(CONFIG_MAC, config.mac().toBytes())
                .u16(CONFIG_STATUS, STATUS_LINK_UP);
    }

    /** What went through. */
    public NetActivity activity() {
        return activity;
    }

    @Override
    public int deviceId() {
        return Virtio.ID_NET;
    }

    @Override
    public long offeredFeatures() {
        return F_CSUM | F_GUEST_CSUM | HOST_TSO | GUEST_TSO | F_MAC | F_STATUS | F_MRG_RXBUF;
    }

    /** §5.1.3.1: segmentation needs checksums. */
    @Override
    public boolean acceptsFeatures(long features) {
        return ((features & HOST_TSO) == 0 || (features & F_CSUM) != 0)
                && ((features & GUEST_TSO) == 0 || (features & F_GUEST_CSUM) != 0);
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.QUEUE_SIZE, Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return space.read(offset, size);
    }

    /** The offloads belong to the tap, not to the machine: they are set again whenever a machine comes to it. */
    @Override
    public void activate(long features, List<SplitQueue> queues, DeviceControl deviceControl) {
        backend.setReceiveOffloads(
                (features & F_GUEST_CSUM) != 0, (features & F_GUEST_TSO4) != 0, (features & F_GUEST_TSO6) != 0);
        boolean mergeable = (features & F_MRG_RXBUF) != 0;
        int frame = (features & GUEST_TSO) != 0 ? Limits.NET_FRAME_BYTES : Limits.NET_SMALL_FRAME_BYTES;
        receiver = new NetReceiver(backend, activity, queues.get(RECEIVE), mergeable, frame);
        transmitter = new NetTransmitter(backend, activity, queues.get(TRANSMIT));
        control = deviceControl;
    }

    @Override
    public void deactivate() {
        receiver = null;
        transmitter = null;
        control = null;
    }

    @Override
    public void onNotify(int queue) {
        NetReceiver rx = receiver;
        NetTransmitter tx = transmitter;
        if (queue == RECEIVE && rx != null && !rx.wantsFrames()) {
            rx.receive(); // there may be room now
        } else if (queue == TRANSMIT && tx != null && tx.transmit() && control != null) {
            control.requestNotify(TRANSMIT);
        }
    }

    @Override
    public void returnUnused() {
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
        return receiver != null && receiver.wantsFrames() ? Epoll.IN : 0;
    }

    @Override
    public void onBackendReadable() {
        if (receiver != null) {
            receiver.receive();
        }
    }

    /** What the guest believes of its network device. */
    public NetState save() {
        return new NetState(config.mac());
    }

    /**
     * Checks that this is the device the guest knows.
     *
     * @throws CorruptStateException when it is not
     */
    public void restore(NetState state) {
        CorruptStateException.require(
                state.mac().equals(config.mac()), "the MAC address was " + state.mac() + " and is now " + config.mac());
    }
}
