package cloud.ignition.vmm.virtio.block;

import cloud.ignition.vmm.GuestLieException;
import cloud.ignition.vmm.virtio.Limits;
import cloud.ignition.vmm.virtio.queue.DescriptorChain;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Takes requests apart (virtio 1.2 §5.2.6): each field of the guest is read once, then checked. */
final class RequestReader {
    static final int HEADER_BYTES = 16;
    static final int SEGMENT_BYTES = 16;
    static final int STATUS_BYTES = 1;

    private static final int SECTOR_BYTES = BlockDevice.SECTOR_BYTES;

    /** §5.2.6: flag of a segment to zero; its space may be given up. */
    private static final int FLAG_UNMAP = 1;

    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final BlockConfig config;
    private final long sectors;
    private final MemorySegment header = MemorySegment.ofArray(new byte[HEADER_BYTES]);
    private final MemorySegment segment = MemorySegment.ofArray(new byte[SEGMENT_BYTES]);

    RequestReader(BlockConfig config, long sectors) {
        this.config = config;
        this.sectors = sectors;
    }

    /**
     * Reads a request.
     *
     * @param features what was negotiated
     * @param request filled; its status is final when nothing is left to do
     * @return whether the back end has something to do for it
     * @throws GuestLieException when there is no header, or no place for the status
     */
    boolean read(DescriptorChain chain, long features, BlockRequest request) {
        if (chain.readableBytes() < HEADER_BYTES || chain.writableBytes() < STATUS_BYTES) {
            throw new GuestLieException("block request of " + chain.readableBytes() + " readable and "
                    + chain.writableBytes() + " writable bytes");
        }
        chain.read(0, header);
        long sector = header.get(LE64, 8);
        long out = chain.readableBytes() - HEADER_BYTES;
        long in = chain.writableBytes() - STATUS_BYTES;
        request.clear();
        request.head = chain.head();
        request.statusAddress = chain.lastWritableAddress();
        request.writtenBytes = STATUS_BYTES;
        request.type = header.get(LE32, 0);
        return switch (request.type) {
            case BlockDevice.T_IN -> {
                boolean good = transfer(request, sector, in);
                if (good) {
                    chain.addWritable(request.data, 0, in);
                    request.writtenBytes = chain.writableBytes();
                }
                yield good;
            }
            case BlockDevice.T_OUT -> {
                boolean good = !config.readOnly() && transfer(request, sector, out);
                if (good) {
                    chain.addReadable(request.data, HEADER_BYTES, out);
                }
                yield good;
            }
            case BlockDevice.T_FLUSH -> true;
            case BlockDevice.T_GET_ID -> getId(request, chain, in);
            case BlockDevice.T_DISCARD -> ranges(request, chain, out, features & BlockDevice.F_DISCARD, 0);
            case BlockDevice.T_WRITE_ZEROES ->
                ranges(request, chain, out, features & BlockDevice.F_WRITE_ZEROES, FLAG_UNMAP);
            default -> {
                request.status = BlockDevice.S_UNSUPP;
                yield false;
            }
        };
    }

    private boolean transfer(BlockRequest request, long sector, long length) {
        request.offset = sector * SECTOR_BYTES;
        return length % SECTOR_BYTES == 0
                && length <= Limits.BLOCK_REQUEST_BYTES
                && isOnDisk(sector, length / SECTOR_BYTES);
    }

    private boolean getId(BlockRequest request, DescriptorChain chain, long room) {
        if (room >= BlockConfig.ID_BYTES) {
            chain.write(0, MemorySegment.ofArray(config.paddedId()));
            request.status = BlockDevice.S_OK;
            request.writtenBytes = chain.writableBytes();
        }
        return false;
    }

    private boolean ranges(BlockRequest request, DescriptorChain chain, long out, long feature, int knownFlags) {
        if (config.readOnly() || feature == 0) {
            request.status = config.readOnly() ? BlockDevice.S_IOERR : BlockDevice.S_UNSUPP;
            return false;
        }
        long count = out / SEGMENT_BYTES;
        if (out % SEGMENT_BYTES != 0 || count == 0 || count > Limits.BLOCK_DISCARD_SEGMENTS) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            chain.read(HEADER_BYTES + (long) i * SEGMENT_BYTES, segment);
            long sector = segment.get(LE64, 0);
            long length = Integer.toUnsignedLong(segment.get(LE32, 8));
            int flags = segment.get(LE32, 12);
            if ((flags & ~knownFlags) != 0) {
                request.status = BlockDevice.S_UNSUPP;
                return false;
            }
            if (length > Limits.BLOCK_DISCARD_SECTORS || !isOnDisk(sector, length)) {
                return false;
            }
            request.addRange(sector * SECTOR_BYTES, length * SECTOR_BYTES, (flags & FLAG_UNMAP) != 0);
        }
        return true;
    }

    private boolean isOnDisk(long sector, long length) {
        return Long.compareUnsigned(sector, sectors) <= 0 && length <= sectors - sector;
    }
}
