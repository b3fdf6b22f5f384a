package cloud.ignition.vmm.virtio.block;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.memory.IoVector;
import java.nio.file.Path;

/** Sectors in a file. */
public final class FileBackend implements BlockBackend {
    private final Fd fd;
    private final long sizeBytes;

    private FileBackend(Fd fd) {
        this.fd = fd;
        this.sizeBytes = fd.size();
    }

    /**
     * Opens a file.
     *
     * @param readOnly whether it is opened for reading only
     * @throws LinuxException when it cannot be opened
     */
    public static FileBackend open(Path file, boolean readOnly) {
        Fd fd = Fd.open(file.toString(), (readOnly ? Fd.O_RDONLY : Fd.O_RDWR) | Fd.O_CLOEXEC, 0);
        try {
            return new FileBackend(fd);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public long read(IoVector into, long offset) {
        return fd.preadv(into.segment(), into.count(), offset);
    }

    @Override
    public long write(IoVector from, long offset) {
        return fd.pwritev(from.segment(), from.count(), offset);
    }

    @Override
    public int flush() {
        try {
            fd.fdatasync();
            return 0;
        } catch (LinuxException e) {
            return -e.errno();
        }
    }

    @Override
    public int discard(long offset, long length) {
        return fd.fallocate(Fd.FALLOC_FL_PUNCH_HOLE | Fd.FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /** Without {@code unmap} the space stays allocated, where the file system can do that (tmpfs cannot). */
    @Override
    public int writeZeroes(long offset, long length, boolean unmap) {
        int result = unmap
                ? -Errno.EOPNOTSUPP
                : fd.fallocate(Fd.FALLOC_FL_ZERO_RANGE | Fd.FALLOC_FL_KEEP_SIZE, offset, length);
        return result == -Errno.EOPNOTSUPP ? discard(offset, length) : result;
    }

    @Override
    public void close() {
        fd.close();
    }
}
