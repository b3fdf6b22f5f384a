package cloud.ignition.vmm.virtio.rng;

import cloud.ignition.vmm.virtio.Limits;

/**
 * How much a guest gets.
 *
 * @param bytesPerSecond in the long run
 * @param burstBytes at once
 */
public record RngConfig(int bytesPerSecond, int burstBytes) {
    /** The limits of {@link Limits}. */
    public static final RngConfig DEFAULT = new RngConfig(Limits.RNG_BYTES_PER_SECOND, Limits.RNG_BURST_BYTES);

    public RngConfig {
        if (bytesPerSecond <= 0 || burstBytes < RngDevice.SMALLEST_ANSWER) {
            throw new IllegalArgumentException("entropy of " + bytesPerSecond + " bytes/s, burst " + burstBytes);
        }
    }
}
