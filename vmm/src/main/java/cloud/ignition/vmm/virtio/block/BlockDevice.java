package cloud.ignition.vmm.virtio.block;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.IoVector;
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
import org.jspecify.annotations.Nullable;

/**
 * A disk (virtio 1.2 §5.2) with one queue. Requests are done one after the other, on the event loop, straight between
 * the back end and guest memory. What the back end refuses reaches the guest as an I/O error.
 */
public final class BlockDevice implements VirtioDevice {
    /** Bytes of a sector; the unit of addresses and of the capacity. */
    public static final int SECTOR_BYTES = 512;

    static final long F_SEG_MAX = 1L << 2;
    static final long F_RO = 1L << 5;
    static final long F_BLK_SIZE = 1L << 6;
    static final long F_FLUSH = 1L << 9;

    static final int T_IN = 0;
    static final int T_OUT = 1;
    static final int T_FLUSH = 4;
    static final int T_GET_ID = 8;

    static final int S_OK = 0;
    static final int S_IOERR = 1;
    static final int S_UNSUPP = 2;

    static final int HEADER_BYTES = 16;
    private static final int STATUS_BYTES = 1;

    private static final int CONFIG_BYTES = 60;
    private static final int CONFIG_CAPACITY = 0;
    private static final int CONFIG_SEG_MAX = 12;
    private static final int CONFIG_BLK_SIZE = 20;

    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final BlockConfig config;
    private final BlockBackend backend;
    private final long sectors;
    private final ConfigSpace space;

    private final IoVector vector = new IoVector(Limits.CHAIN_DESCRIPTORS);
    private final MemorySegment header = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    private final MemorySegment statusByte = MemorySegment.ofArray(new byte[STATUS_BYTES]);
    private @Nullable SplitQueue queue;
    private @Nullable DeviceControl control;

    /** @param backend closed with the device */
    public BlockDevice(BlockConfig config, BlockBackend backend) {
        this.config = config;
        this.backend = backend;
        this.sectors = backend.sizeBytes() / SECTOR_BYTES;
        this.space = new ConfigSpace(CONFIG_BYTES)
                .u64(CONFIG_CAPACITY, sectors)
                .u32(CONFIG_SEG_MAX, Limits.BLOCK_SEGMENTS)
                .u32(CONFIG_BLK_SIZE, SECTOR_BYTES);
    }

    @Override
    public int deviceId() {
        return Virtio.ID_BLOCK;
    }

    @Override
    public long offeredFeatures() {
        return F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (config.readOnly() ? F_RO : 0);
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
    public void activate(long features, List<SplitQueue> queues, DeviceControl deviceControl) {
        queue = queues.getFirst();
        control = deviceControl;
    }

    @Override
    public void deactivate() {
        queue = null;
        control = null;
    }

    @Override
    public void onNotify(int index) {
        SplitQueue requests = queue;
        DeviceControl rest = control;
        if (requests == null || rest == null) {
            return;
        }
        for (int turn = 0; turn < Limits.CHAINS_PER_TURN; turn++) {
            DescriptorChain chain = requests.next();
            if (chain == null) {
                return;
            }
            requests.complete(chain.head(), serve(chain));
            requests.publish();
        }
        rest.requestNotify(index);
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
        backend.close();
    }

    /** Does one request and returns how many bytes of its writable pieces were written. */
    private long serve(DescriptorChain chain) {
        if (chain.readableBytes() < HEADER_BYTES || chain.writableBytes() < STATUS_BYTES) {
            throw new GuestLieException("block request of " + chain.readableBytes() + " readable and "
                    + chain.writableBytes() + " writable bytes");
        }
        chain.read(0, header);
        int type = header.get(LE32, 0);
        long sector = header.get(LE64, 8);
        long out = chain.readableBytes() - HEADER_BYTES;
        long in = chain.writableBytes() - STATUS_BYTES;
        int status = switch (type) {
            case T_IN -> transfer(chain, sector, in, false);
            case T_OUT -> config.readOnly() ? S_IOERR : transfer(chain, sector, out, true);
            case T_FLUSH -> backend.flush() == 0 ? S_OK : S_IOERR;
            case T_GET_ID -> getId(chain, in);
            default -> S_UNSUPP;
        };
        statusByte.set(ValueLayout.JAVA_BYTE, 0, (byte) status);
        chain.write(in, statusByte);
        boolean filled = status == S_OK && (type == T_IN || type == T_GET_ID);
        return filled ? chain.writableBytes() : STATUS_BYTES;
    }

    private int transfer(DescriptorChain chain, long sector, long length, boolean write) {
        if (length % SECTOR_BYTES != 0
                || length > Limits.BLOCK_REQUEST_BYTES
                || Long.compareUnsigned(sector, sectors) > 0
                || length / SECTOR_BYTES > sectors - sector) {
            return S_IOERR;
        }
        long start = sector * SECTOR_BYTES;
        for (long done = 0; done < length; ) {
            vector.clear();
            long n;
            if (write) {
                chain.addReadable(vector, HEADER_BYTES + done, length - done);
                n = backend.write(vector, start + done);
            } else {
                chain.addWritable(vector, done, length - done);
                n = backend.read(vector, start + done);
            }
            if (n <= 0) {
                return S_IOERR; // 0: the file has become shorter
            }
            done += n;
        }
        return S_OK;
    }

    private int getId(DescriptorChain chain, long room) {
        if (room < BlockConfig.ID_BYTES) {
            return S_IOERR;
        }
        chain.write(0, MemorySegment.ofArray(config.paddedId()));
        return S_OK;
    }

    private static String describe(BlockState state) {
        return state.sectors() + " sectors" + (state.readOnly() ? ", read-only" : "");
    }
}
