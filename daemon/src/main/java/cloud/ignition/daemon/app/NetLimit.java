package cloud.ignition.daemon.app;

/**
 * What an app's network may carry, each direction for itself, in the long run; after a quiet time up to a second's worth at
 * once. Packets over it wait.
 *
 * @param bytesPerSecond 0 for any number
 * @param packetsPerSecond 0 for any number
 */
public record NetLimit(long bytesPerSecond, long packetsPerSecond) {
    /** No limit. */
    public static final NetLimit NONE = new NetLimit(0, 0);

    public NetLimit {
        if (bytesPerSecond != 0
                && (bytesPerSecond < Limits.MIN_NET_BYTES_PER_SECOND || bytesPerSecond > Limits.MAX_NET_PER_SECOND)) {
            throw UserException.invalid(
                    "network rate of " + bytesPerSecond + " bytes/s is out of range; use 0 (no limit) or "
                            + Limits.MIN_NET_BYTES_PER_SECOND + " to " + Limits.MAX_NET_PER_SECOND);
        }
        if (packetsPerSecond < 0 || packetsPerSecond > Limits.MAX_NET_PER_SECOND) {
            throw UserException.invalid("network rate of " + packetsPerSecond
                    + " packets/s is out of range; use 0 (no limit) or 1 to " + Limits.MAX_NET_PER_SECOND);
        }
    }
}
