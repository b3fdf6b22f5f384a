package cloud.ignition.vmm.virtio.rng;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.TimerFd;
import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.TokenBucket;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An entropy source (virtio 1.2 §5.4). A request gets at most {@link Limits#RNG_REQUEST_BYTES}; when the budget per
 * second is used up, requests wait in the queue for a timer, which is the device's back-end descriptor.
 */
public final class RngDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 1;

    /** Requests wait rather than get fewer bytes than this. */
    static final int SMALLEST_ANSWER = 64;

    private static final int REQUESTS = 0;

    private final RngBackend backend;
    private final TokenBucket budget;
    private final TimerFd timer = TimerFd.create();

    private @Nullable SplitQueue queue;
    private @Nullable DeviceControl control;
    private boolean waiting;
    private long bytesServed;

    /** @param nanoTime monotonic clock, in nanoseconds */
    public RngDevice(RngConfig config, RngBackend backend, LongSupplier nanoTime) {
        this.backend = backend;
        this.budget = new TokenBucket(config.bytesPerSecond(), config.burstBytes(), nanoTime);
    }

    /** A device with the host's generator and the default budget. */
    public static RngDevice create() {
        return new RngDevice(RngConfig.DEFAULT, RngBackend.host(), System::nanoTime);
    }

    @Override
    public int deviceId() {
        return Virtio.ID_RNG;
    }

    @Override
    public long offeredFeatures() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return 0; // §5.4.4: no configuration space
    }

    @Override
    public void activate(long features, List<SplitQueue> queues, DeviceControl deviceControl) {
        queue = queues.getFirst();
        control = deviceControl;
    }

    @Override
    public void deactivate() {
        queue = null;
        control = null;
        waiting = false;
        timer.disarm();
    }

    @Override
    public void onNotify(int index) {
        SplitQueue requests = queue;
        DeviceControl rest = control;
        if (requests == null || rest == null || waiting) {
            return;
        }
        for (int turn = 0; turn < Limits.CHAINS_PER_TURN; turn++) {
            DescriptorChain chain = requests.next();
            if (chain == null) {
                return;
            }
            long nanos = budget.nanosUntil(SMALLEST_ANSWER);
            if (nanos > 0) {
                requests.giveBack(1);
                waiting = true;
                timer.setNanos(nanos);
                return;
            }
            requests.complete(chain.head(), serve(chain));
            requests.publish();
        }
        rest.requestNotify(index);
    }

    @Override
    public Optional<Fd> backendFd() {
        return Optional.of(timer.fd());
    }

    @Override
    public int backendInterest() {
        return waiting ? Epoll.IN : 0;
    }

    @Override
    public void onBackendReadable() {
        timer.drain();
        waiting = false;
        onNotify(REQUESTS);
    }

    /** The device's own state. */
    public RngState save() {
        return new RngState(bytesServed);
    }

    /** Takes over a saved state. */
    public void restore(RngState state) {
        bytesServed = state.bytesServed();
    }

    @Override
    public void close() {
        timer.close();
    }

    private long serve(DescriptorChain chain) {
        if (chain.readableBytes() > 0) {
            throw new GuestLieException("readable descriptor in an entropy request");
        }
        long wanted = Math.min(chain.writableBytes(), Limits.RNG_REQUEST_BYTES);
        long granted = Math.min(wanted, budget.available());
        budget.take(granted);
        long left = granted;
        for (int piece = 0; left > 0; piece++) {
            long n = Math.min(left, chain.writableLength(piece));
            backend.fill(chain.writablePiece(piece).asSlice(0, n));
            left -= n;
        }
        bytesServed += granted;
        return granted;
    }
}
