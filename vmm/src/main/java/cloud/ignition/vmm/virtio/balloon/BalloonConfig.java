package cloud.ignition.vmm.virtio.balloon;

/**
 * What a balloon is part of.
 *
 * @param memoryBytes the machine's RAM, a multiple of 4096: no balloon can be larger
 */
public record BalloonConfig(long memoryBytes) {
    public BalloonConfig {
        if (memoryBytes <= 0 || memoryBytes % BalloonDevice.PAGE_BYTES != 0 || memoryBytes > BalloonDevice.MAX_BYTES) {
            throw new IllegalArgumentException("a balloon in " + memoryBytes + " bytes of RAM");
        }
    }

    /** The same in balloon pages. */
    long memoryPages() {
        return memoryBytes / BalloonDevice.PAGE_BYTES;
    }
}
