package cloud.ignition.vmm.virtio.balloon;

/** What becomes of pages that the guest gives up. */
public interface BalloonBackend {
    /**
     * Gives RAM back to the host. When this returns true it reads as zeroes, until the guest writes to it again.
     *
     * @param gpa guest physical address, a multiple of 4096
     * @param length bytes, a multiple of 4096, more than 0; the range lies in RAM
     * @return false when the host does not take it; then nothing has changed
     */
    boolean giveBack(long gpa, long length);
}
