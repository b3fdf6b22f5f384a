package cloud.ignition.vmm.virtio.balloon;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.virtio.ConfigSpace;
import cloud.ignition.vmm.virtio.DeviceControl;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.VirtioDevice;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import cloud.ignition.vmm.virtio.queue.SplitQueue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A memory balloon (virtio 1.2 §5.5). Memory comes back to the host on two ways: the balloon, which grows and shrinks
 * towards a target, and free page reporting, by which the guest names pages that are free anyway. Both mean the same
 * here: the page goes back before the request is answered, and reads as zeroes until the guest writes to it again.
 * Deflating therefore needs nothing but its check.
 *
 * <p>PAGE_POISON is not offered, so a guest that expects its free pages to keep a value does not report (§5.5.3.1).
 */
public final class BalloonDevice implements VirtioDevice {
    /** How many virtqueues it has. */
    public static final int QUEUES = 3;

    /** A balloon's page (§5.5.6), whatever the guest's own pages are. */
    static final long PAGE_BYTES = 4096;

    /** Most RAM whose frame numbers have 32 bits. */
    static final long MAX_BYTES = PAGE_BYTES << 31;

    /** §5.5.3: the balloon shrinks rather than that the guest runs out of memory. */
    static final long F_DEFLATE_ON_OOM = 1L << 2;

    /** §5.5.3: there is a queue for reports of free pages. */
    static final long F_PAGE_REPORTING = 1L << 5;

    private static final int REPORTING_ORDER = 4;

    static final int INFLATE = 0;
    static final int DEFLATE = 1;

    /**
     * §5.5.2 gives this queue the index 4, but drivers count only the queues that exist: Linux on every transport (vm_find_vqs
     * in virtio_mmio.c), and all devices follow. There is neither a statsq nor a free_page_vq here.
     */
    static final int REPORTING = 2;

    static final int CONFIG_NUM_PAGES = 0;
    static final int CONFIG_ACTUAL = 4;
    private static final int CONFIG_BYTES = 8;
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final BalloonConfig config;
    private final BalloonBackend backend;
    private final PageRuns runs = new PageRuns(Math.max(Limits.BALLOON_PFNS, Limits.CHAIN_DESCRIPTORS));
    private final MemorySegment frames = MemorySegment.ofArray(new byte[Limits.BALLOON_PFNS * Integer.BYTES]);
    private final LongAdder givenBackBytes = new LongAdder();
    private final LongAdder keptBytes = new LongAdder();

    private List<SplitQueue> queues = List.of();
    private boolean reporting;
    private long announcedPages;
    private volatile long targetPages;
    private volatile long actualPages;
    private volatile @Nullable DeviceControl control;

    public BalloonDevice(BalloonConfig config, BalloonBackend backend) {
        this.config = config;
        this.backend = backend;
    }

    /** The kernel parameter that makes Linux report free pieces of 64 KiB and more, not only of 2 MiB (adr/0011). */
    public static String kernelParameter() {
        return "page_reporting.page_reporting_order=" + REPORTING_ORDER;
    }

    /**
     * Asks the guest to make the balloon so large; it follows as far as it can, and may not. Any thread.
     *
     * @param bytes 0 to the machine's RAM; what is more than whole pages is left out
     */
    public void setTarget(long bytes) {
        if (bytes < 0 || bytes > config.memoryBytes()) {
            throw new IllegalArgumentException(
                    "a balloon of " + bytes + " bytes in " + config.memoryBytes() + " bytes of RAM");
        }
        targetPages = bytes / PAGE_BYTES;
        DeviceControl active = control;
        if (active != null) {
            active.requestNotify(INFLATE); // otherwise it is looked at when the driver is ready
        }
    }

    /** How large the driver says the balloon is, in bytes. Any thread. */
    public long actualBytes() {
        return actualPages * PAGE_BYTES;
    }

    /** What the guest gave up since this device was made and the host took, touched or not, in bytes. Any thread. */
    public long givenBackBytes() {
        return givenBackBytes.sum();
    }

    /** What the guest gave up and the host did not take, in bytes. Any thread. */
    public long keptBytes() {
        return keptBytes.sum();
    }

    @Override
    public int deviceId() {
        return Virtio.ID_BALLOON;
    }

    @Override
    public long offeredFeatures() {
        return F_DEFLATE_ON_OOM | F_PAGE_REPORTING;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {Limits.QUEUE_SIZE, Limits.QUEUE_SIZE, Limits.QUEUE_SIZE};
    }

    @Override
    public long readConfig(int offset, int size) {
        return new ConfigSpace(CONFIG_BYTES)
                .u32(CONFIG_NUM_PAGES, (int) announcedPages)
                .u32(CONFIG_ACTUAL, (int) actualPages)
                .read(offset, size);
    }

    @Override
    public void writeConfig(int offset, int size, long value) {
        if (control == null || offset != CONFIG_ACTUAL || size != Integer.BYTES) {
            return;
        }
        long pages = value & 0xffff_ffffL;
        if (pages > config.memoryPages()) {
            throw new GuestLieException("a balloon of " + pages + " pages in a machine of " + config.memoryPages());
        }
        actualPages = pages;
    }

    @Override
    public void activate(long features, List<SplitQueue> deviceQueues, DeviceControl deviceControl) {
        queues = deviceQueues;
        reporting = (features & F_PAGE_REPORTING) != 0;
        control = deviceControl;
    }

    @Override
    public void deactivate() {
        queues = List.of();
        reporting = false;
        control = null;
        announcedPages = targetPages;
        actualPages = 0; // after a reset all pages are the guest's again
    }

    @Override
    public void onNotify(int index) {
        DeviceControl rest = control;
        if (rest == null) {
            return;
        }
        announceTarget(rest);
        if (index == REPORTING && !reporting) {
            return;
        }
        SplitQueue queue = queues.get(index);
        for (int turn = 0; turn < Limits.BALLOON_CHAINS_PER_TURN; turn++) {
            DescriptorChain chain = queue.next();
            if (chain == null) {
                return;
            }
            serve(index, chain, queue.memory());
            queue.complete(chain.head(), 0);
            queue.publish();
        }
        rest.requestNotify(index);
    }

    /** The device's own state. */
    public BalloonState save() {
        return new BalloonState(targetPages, announcedPages, actualPages);
    }

    /**
     * Takes over a saved state.
     *
     * @throws CorruptStateException when it is of a larger machine
     */
    public void restore(BalloonState state) {
        long largest = Math.max(Math.max(state.targetPages(), state.announcedPages()), state.actualPages());
        CorruptStateException.require(largest <= config.memoryPages(), "a balloon of " + largest + " pages");
        targetPages = state.targetPages();
        announcedPages = state.announcedPages();
        actualPages = state.actualPages();
    }

    private void announceTarget(DeviceControl driver) {
        long target = targetPages;
        if (announcedPages != target) {
            announcedPages = target;
            driver.configChanged();
        }
    }

    /** Checks a whole request, then does it: of a request with a lie in it nothing is done. */
    private void serve(int index, DescriptorChain chain, GuestMemory memory) {
        runs.clear();
        if (index == REPORTING) {
            takeReport(chain);
        } else {
            takeFrames(chain, memory);
        }
        if (index != DEFLATE) {
            runs.forEach(this::giveBack);
        }
    }

    private void giveBack(long gpa, long length) {
        LongAdder count = backend.giveBack(gpa, length) ? givenBackBytes : keptBytes;
        count.add(length);
    }

    /** §5.5.6: an array of 32-bit frame numbers. */
    private void takeFrames(DescriptorChain chain, GuestMemory memory) {
        long length = chain.readableBytes();
        if (chain.writableBytes() > 0 || length % Integer.BYTES != 0 || length > frames.byteSize()) {
            throw new GuestLieException(
                    "balloon request of " + length + " readable and " + chain.writableBytes() + " writable bytes");
        }
        MemorySegment request = frames.asSlice(0, length);
        chain.read(0, request);
        for (long at = 0; at < length; at += Integer.BYTES) {
            long frame = Integer.toUnsignedLong(request.get(LE32, at));
            if (!memory.contains(frame * PAGE_BYTES, PAGE_BYTES)) {
                throw new GuestLieException("balloon page " + frame + " is not in RAM");
            }
            runs.add(frame, 1);
        }
    }

    /** §5.5.6.7: the buffers themselves are the free pages. */
    private void takeReport(DescriptorChain chain) {
        if (chain.readableBytes() > 0 || chain.writableBytes() > config.memoryBytes()) {
            throw new GuestLieException("report of " + chain.readableBytes() + " readable and " + chain.writableBytes()
                    + " writable bytes as free");
        }
        for (int piece = 0; piece < chain.writablePieces(); piece++) {
            long from = chain.writableAddress(piece);
            long first = (from + PAGE_BYTES - 1) / PAGE_BYTES;
            long end = (from + chain.writableLength(piece)) / PAGE_BYTES;
            if (first < end) {
                runs.add(first, end - first);
            }
        }
    }
}
