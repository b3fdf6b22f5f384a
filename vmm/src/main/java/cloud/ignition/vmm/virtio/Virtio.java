package cloud.ignition.vmm.virtio;

/** Constants of virtio 1.2, by their names in the specification. */
public final class Virtio {
    /** §2.1 device status: the guest has noticed the device. */
    public static final int ACKNOWLEDGE = 1;

    /** §2.1: the guest knows how to drive the device. */
    public static final int DRIVER = 2;

    /** §2.1: the driver is set up. */
    public static final int DRIVER_OK = 4;

    /** §2.1: feature negotiation is complete. */
    public static final int FEATURES_OK = 8;

    /** §2.1: the device met an error it cannot recover from. */
    public static final int DEVICE_NEEDS_RESET = 0x40;

    /** §2.1: the guest has given up on the device. */
    public static final int FAILED = 0x80;

    /** §6 feature bit 28: indirect descriptors. */
    public static final long F_INDIRECT_DESC = 1L << 28;

    /** §6 feature bit 29: used_event and avail_event. */
    public static final long F_EVENT_IDX = 1L << 29;

    /** §6 feature bit 32: not a legacy device. */
    public static final long F_VERSION_1 = 1L << 32;

    /** §5 device ID of a network card. */
    public static final int ID_NET = 1;

    /** §5 device ID of a block device. */
    public static final int ID_BLOCK = 2;

    /** §5 device ID of a console. */
    public static final int ID_CONSOLE = 3;

    /** §5 device ID of an entropy source. */
    public static final int ID_RNG = 4;

    /** §5 device ID of a memory balloon. */
    public static final int ID_BALLOON = 5;

    /** §5 device ID of a socket device. */
    public static final int ID_VSOCK = 19;

    /** §4.2.2 InterruptStatus bit 0: a used buffer notification. */
    public static final int INTERRUPT_USED_BUFFER = 1;

    /** §4.2.2 InterruptStatus bit 1: a configuration change notification. */
    public static final int INTERRUPT_CONFIG_CHANGE = 2;

    private Virtio() {}
}
