package cloud.ignition.vmm.virtio.block;

import cloud.ignition.linux.Errno;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;

/**
 * One request of the driver on its way: all that {@link RequestReader} read of it and checked, so that whoever does it needs
 * neither the queue nor the guest's descriptors. Used again for the next request.
 */
final class BlockRequest {
    /** Index of the chain's first descriptor. */
    int head;

    /** gpa of the status byte. */
    long statusAddress;

    /** Bytes written when it succeeds, status byte included. */
    long writtenBytes;

    /** VIRTIO_BLK_T_…, of those that need the back end. */
    int type;

    /** VIRTIO_BLK_S_…: an error until it is done. */
    int status;

    /** First byte on the disk of a transfer. */
    long offset;

    /** What is transferred: pieces of guest memory. */
    final IoVector data = new IoVector(Limits.CHAIN_DESCRIPTORS);

    private final long[] offsets = new long[Limits.BLOCK_DISCARD_SEGMENTS];
    private final long[] lengths = new long[Limits.BLOCK_DISCARD_SEGMENTS];
    private final boolean[] unmap = new boolean[Limits.BLOCK_DISCARD_SEGMENTS];
    private int ranges;

    /** Makes it empty. */
    void clear() {
        data.clear();
        ranges = 0;
        status = BlockDevice.S_IOERR;
    }

    /** Adds a range to discard or to zero, in bytes. */
    void addRange(long start, long length, boolean mayUnmap) {
        offsets[ranges] = start;
        lengths[ranges] = length;
        unmap[ranges] = mayUnmap;
        ranges++;
    }

    /** Does it and sets its status. Any thread; it may take as long as the disk does. */
    void perform(BlockBackend backend) {
        status = switch (type) {
            case BlockDevice.T_IN, BlockDevice.T_OUT -> transfer(backend);
            case BlockDevice.T_FLUSH -> backend.flush() == 0 ? BlockDevice.S_OK : BlockDevice.S_IOERR;
            case BlockDevice.T_DISCARD, BlockDevice.T_WRITE_ZEROES -> giveUpRanges(backend);
            default -> throw new IllegalStateException("nothing to do for a block request of type " + type);
        };
    }

    private int transfer(BlockBackend backend) {
        while (data.totalBytes() > 0) {
            long n = type == BlockDevice.T_OUT ? backend.write(data, offset) : backend.read(data, offset);
            if (n <= 0) {
                return BlockDevice.S_IOERR; // 0: the file has become shorter
            }
            data.skip(n);
            offset += n;
        }
        return BlockDevice.S_OK;
    }

    private int giveUpRanges(BlockBackend backend) {
        for (int i = 0; i < ranges; i++) {
            if (lengths[i] == 0) {
                continue;
            }
            int result = type == BlockDevice.T_DISCARD
                    ? backend.discard(offsets[i], lengths[i])
                    : backend.writeZeroes(offsets[i], lengths[i], unmap[i]);
            if (result != 0) {
                // "unsupported" has the driver stop asking, and write zeroes itself
                return result == -Errno.EOPNOTSUPP ? BlockDevice.S_UNSUPP : BlockDevice.S_IOERR;
            }
        }
        return BlockDevice.S_OK;
    }
}
