package cloud.ignition.vmm.virtio.block;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.virtio.ConfigSpace;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A disk (virtio 1.2 §5.2) with one queue and many requests under way.
 *
 * <p>The event loop takes requests out of the queue, an executor's threads do them, straight between the back end and guest
 * memory, and the event loop answers them in the order in which they are done; §5.2.6 allows any order, and has a
 * flush be about requests answered before it. What the back end refuses reaches the guest as an I/O error.
 */
public final class BlockDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 1;

    /** Bytes of a sector; the unit of addresses and of the capacity. */
    public static final int SECTOR_BYTES = 512;

    static final long F_SEG_MAX = 1L << 2;
    static final long F_RO = 1L << 5;
    static final long F_BLK_SIZE = 1L << 6;
    static final long F_FLUSH = 1L << 9;
    static final long F_DISCARD = 1L << 13;
    static final long F_WRITE_ZEROES = 1L << 14;

    static final int T_IN = 0;
    static final int T_OUT = 1;
    static final int T_FLUSH = 4;
    static final int T_GET_ID = 8;
    static final int T_DISCARD = 11;
    static final int T_WRITE_ZEROES = 13;

    static final int S_OK = 0;
    static final int S_IOERR = 1;
    static final int S_UNSUPP = 2;

    private static final int REQUESTS = 0;

    private static final int CONFIG_BYTES = 60;
    private static final int CONFIG_CAPACITY = 0;
    private static final int CONFIG_SEG_MAX = 12;
    private static final int CONFIG_BLK_SIZE = 20;
    private static final int CONFIG_MAX_DISCARD_SECTORS = 36;
    private static final int CONFIG_MAX_DISCARD_SEG = 40;
    private static final int CONFIG_DISCARD_SECTOR_ALIGNMENT = 44;
    private static final int CONFIG_MAX_WRITE_ZEROES_SECTORS = 48;
    private static final int CONFIG_MAX_WRITE_ZEROES_SEG = 52;
    private static final int CONFIG_WRITE_ZEROES_MAY_UNMAP = 56;

    /** What a file system can give up: its blocks, mostly of 4 KiB. */
    private static final int DISCARD_ALIGNMENT_SECTORS = 8;

    private final BlockConfig config;
    private final BlockBackend backend;
    private final Executor executor;
    private final long sectors;
    private final ConfigSpace space;
    private final RequestReader reader;

    private final Completions completions = new Completions();
    private final Deque<BlockRequest> unused = new ArrayDeque<>();
    private int inFlight;
    private volatile boolean atWork;
    private boolean heldBack;
    private long features;
    private @Nullable SplitQueue queue;
    private @Nullable DeviceControl control;

    /**
     * A disk that does one request after the other, where it is notified.
     *
     * @param backend closed with the device
     */
    public BlockDevice(BlockConfig config, BlockBackend backend) {
        this(config, backend, Runnable::run);
    }

    /**
     * A disk.
     *
     * @param backend closed with the device
     * @param executor does requests; used until the device is closed
     */
    public BlockDevice(BlockConfig config, BlockBackend backend, Executor executor) {
        this.config = config;
        this.backend = backend;
        this.executor = executor;
        this.sectors = backend.sizeBytes() / SECTOR_BYTES;
        this.reader = new RequestReader(config, sectors);
        this.space = new ConfigSpace(CONFIG_BYTES)
                .u64(CONFIG_CAPACITY, sectors)
                .u32(CONFIG_SEG_MAX, Limits.BLOCK_SEGMENTS)
                .u32(CONFIG_BLK_SIZE, SECTOR_BYTES)
                .u32(CONFIG_MAX_DISCARD_SECTORS, Limits.BLOCK_DISCARD_SECTORS)
                .u32(CONFIG_MAX_DISCARD_SEG, Limits.BLOCK_DISCARD_SEGMENTS)
                .u32(CONFIG_DISCARD_SECTOR_ALIGNMENT, DISCARD_ALIGNMENT_SECTORS)
                .u32(CONFIG_MAX_WRITE_ZEROES_SECTORS, Limits.BLOCK_DISCARD_SECTORS)
                .u32(CONFIG_MAX_WRITE_ZEROES_SEG, Limits.BLOCK_DISCARD_SEGMENTS)
                .bytes(CONFIG_WRITE_ZEROES_MAY_UNMAP, new byte[] {1});
    }

    @Override
    public int deviceId() {
        return Virtio.ID_BLOCK;
    }

    @Override
    public long offeredFeatures() {
        return F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (config.readOnly() ? F_RO : F_DISCARD | F_WRITE_ZEROES);
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return space.read(offset, size);
    }

    @Override
    public void activate(long negotiated, List<SplitQueue> queues, DeviceControl deviceControl) {
        features = negotiated;
        queue = queues.getFirst();
        control = deviceControl;
    }

    /** Waits for what is under way: the driver may use the memory for something else right after its reset. */
    @Override
    public void deactivate() {
        queue = null;
        control = null;
        heldBack = false;
        awaitAll();
    }

    @Override
    public void onNotify(int index) {
        SplitQueue requests = queue;
        DeviceControl rest = control;
        if (requests == null || rest == null) {
            return;
        }
        for (int turn = 0; turn < Limits.CHAINS_PER_TURN; turn++) {
            answerDone();
            heldBack = inFlight == Limits.BLOCK_IN_FLIGHT;
            DescriptorChain chain = heldBack ? null : requests.next();
            if (chain == null) {
                return;
            }
            begin(chain);
        }
        answerDone();
        rest.requestNotify(index);
    }

    @Override
    public Optional<Fd> backendFd() {
        return Optional.of(completions.fd());
    }

    @Override
    public int backendInterest() {
        return queue == null ? 0 : Epoll.IN;
    }

    /** Requests are done. */
    @Override
    public void onBackendReadable() {
        completions.hush();
        answerDone();
        if (heldBack) {
            onNotify(REQUESTS);
        }
    }

    /** Waits for all requests under way and answers them. Those still in the queue stay there. */
    @Override
    public void returnUnused() {
        awaitAll();
        if (heldBack && control != null) {
            control.requestNotify(REQUESTS); // should the machine go on, no completion comes that would do it
        }
    }

    /** What the guest believes of its disk. */
    public BlockState save() {
        return new BlockState(sectors, config.readOnly());
    }

    /**
     * Checks that this is the disk the guest knows.
     *
     * @throws CorruptStateException when it is not
     */
    public void restore(BlockState state) {
        CorruptStateException.require(
                state.equals(save()), "the disk was " + describe(state) + " and is now " + describe(save()));
    }

    @Override
    public void close() {
        queue = null;
        awaitAll();
        completions.close();
        backend.close();
    }

    /** Whether the guest waits for a request of its. From any thread. */
    public boolean isAtWork() {
        return atWork;
    }

    private void begin(DescriptorChain chain) {
        BlockRequest request = unused.isEmpty() ? new BlockRequest() : unused.pop();
        boolean hasWork = reader.read(chain, features, request);
        inFlight++;
        atWork = true;
        if (hasWork) {
            executor.execute(() -> perform(request));
        } else {
            answer(request);
        }
    }

    /** On a thread of the executor. */
    private void perform(BlockRequest request) {
        try {
            request.perform(backend);
        } finally {
            completions.add(request); // also after a bug of ours: the driver gets an I/O error, and its answer
        }
    }

    private void answerDone() {
        for (BlockRequest request = completions.poll(); request != null; request = completions.poll()) {
            answer(request);
        }
    }

    private void awaitAll() {
        while (inFlight > 0) {
            answer(completions.take());
        }
    }

    private void answer(BlockRequest request) {
        inFlight--;
        atWork = inFlight > 0;
        unused.push(request);
        if (queue != null) {
            queue.memory().setByte(request.statusAddress, (byte) request.status);
            queue.complete(request.head, request.status == S_OK ? request.writtenBytes : RequestReader.STATUS_BYTES);
            queue.publish();
        }
    }

    private static String describe(BlockState state) {
        return state.sectors() + " sectors" + (state.readOnly() ? ", read-only" : "");
    }
}
