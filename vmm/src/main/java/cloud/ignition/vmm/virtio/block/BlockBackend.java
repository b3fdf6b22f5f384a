package cloud.ignition.vmm.virtio.block;

import cloud.ignition.vmm.memory.IoVector;

/**
 * Where a block device's sectors are. Errors are {@code -errno}, as a failing disk is normal operation. Called by several
 * threads at once.
 */
public interface BlockBackend extends AutoCloseable {
    /** Size in bytes; it does not change. */
    long sizeBytes();

    /**
     * Reads at {@code offset} into the pieces.
     *
     * @return bytes read, fewer at the end or for no reason; 0 behind the end; or {@code -errno}
     */
    long read(IoVector into, long offset);

    /**
     * Writes the pieces at {@code offset}.
     *
     * @return bytes written, maybe fewer; or {@code -errno}
     */
    long write(IoVector from, long offset);

    /**
     * Makes what was written durable.
     *
     * @return 0 or {@code -errno}
     */
    int flush();

    /**
     * Gives up what is in a range, which then reads as zeroes.
     *
     * @return 0 or {@code -errno}, -EOPNOTSUPP when this back end cannot do it
     */
    int discard(long offset, long length);

    /**
     * Has a range read as zeroes.
     *
     * @param unmap whether its space may be given up too
     * @return 0 or {@code -errno}, -EOPNOTSUPP when this back end cannot do it
     */
    int writeZeroes(long offset, long length, boolean unmap);

    @Override
    void close();
}
