package cloud.ignition.vmm.virtio.vsock;

/**
 * What a socket device is.
 *
 * @param cid the guest's context identifier
 */
public record VsockConfig(long cid) {
    /** The identifier of the host (§5.10.4: VMADDR_CID_HOST). */
    public static final long HOST_CID = 2;

    /** What a guest is called that has no reason for another identifier: nothing else sees it. */
    public static final long DEFAULT_CID = 3;

    /** §5.10.4: everything above is reserved, as are 0, 1 and 2. */
    private static final long MAX_CID = 0xffff_fffeL;

    /**
     * @throws IllegalArgumentException when the identifier is reserved
     */
    public VsockConfig {
        if (!isGuestCid(cid)) {
            throw new IllegalArgumentException("context identifier " + cid + " is reserved");
        }
    }

    static boolean isGuestCid(long cid) {
        return cid > HOST_CID && cid <= MAX_CID;
    }
}
