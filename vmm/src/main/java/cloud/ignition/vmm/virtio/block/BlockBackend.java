package cloud.ignition.vmm.virtio.block;

import cloud.ignition.vmm.memory.IoVector;

/** Where a block device's sectors are. Errors are {@code -errno}, as a failing disk is normal operation. */
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

    @Override
    void close();
}
