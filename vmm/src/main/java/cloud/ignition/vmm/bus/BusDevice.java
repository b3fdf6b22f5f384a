package cloud.ignition.vmm.bus;

/** Something that answers reads and writes in a window of port or MMIO space. Called from vCPU threads, concurrently. */
public interface BusDevice {
    /**
     * A read by the guest.
     *
     * @param offset from the window's start; {@code offset + size} is inside the window
     * @param size 1, 2, 4 or 8 bytes, any alignment
     * @return the value in the low {@code size} bytes; the rest is ignored
     */
    long read(long offset, int size);

    /**
     * A write by the guest.
     *
     * @param offset from the window's start; {@code offset + size} is inside the window
     * @param size 1, 2, 4 or 8 bytes, any alignment
     * @param value in the low {@code size} bytes; the rest is zero
     */
    void write(long offset, int size, long value);
}
