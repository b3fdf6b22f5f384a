package cloud.ignition.vmm.virtio.net;

/**
 * Frames that went through a tap since it was made, as the host counts them.
 *
 * @param packetsIn frames taken out of the tap for the guest
 * @param packetsOut frames the guest put into it
 * @param bytesIn their lengths
 * @param bytesOut their lengths
 */
public record FrameCounts(long packetsIn, long packetsOut, long bytesIn, long bytesOut) {
    /** What came since an earlier count. */
    FrameCounts since(FrameCounts before) {
        return new FrameCounts(
                packetsIn - before.packetsIn,
                packetsOut - before.packetsOut,
                bytesIn - before.bytesIn,
                bytesOut - before.bytesOut);
    }
}
