package cloud.ignition.vmm.virtio;

/** Offsets in the register block of a virtio-mmio device, version 2 (virtio 1.2 §4.2.2, table 4.1), and two that are Ignition's. */
final class MmioRegister {
    static final int MAGIC_VALUE = 0x000;
    static final int VERSION = 0x004;
    static final int DEVICE_ID = 0x008;
    static final int VENDOR_ID = 0x00c;
    static final int DEVICE_FEATURES = 0x010;
    static final int DEVICE_FEATURES_SEL = 0x014;
    static final int DRIVER_FEATURES = 0x020;
    static final int DRIVER_FEATURES_SEL = 0x024;
    static final int QUEUE_SEL = 0x030;
    static final int QUEUE_NUM_MAX = 0x034;
    static final int QUEUE_NUM = 0x038;
    static final int QUEUE_READY = 0x044;
    static final int QUEUE_NOTIFY = 0x050;
    static final int INTERRUPT_STATUS = 0x060;
    static final int INTERRUPT_ACK = 0x064;
    static final int STATUS = 0x070;
    static final int QUEUE_DESC_LOW = 0x080;
    static final int QUEUE_DESC_HIGH = 0x084;
    static final int QUEUE_DRIVER_LOW = 0x090;
    static final int QUEUE_DRIVER_HIGH = 0x094;
    static final int QUEUE_DEVICE_LOW = 0x0a0;
    static final int QUEUE_DEVICE_HIGH = 0x0a4;
    static final int SHM_LEN_LOW = 0x0b0;
    static final int SHM_LEN_HIGH = 0x0b4;
    static final int SHM_BASE_LOW = 0x0b8;
    static final int SHM_BASE_HIGH = 0x0bc;

    /** Guest-physical address of the driver's {@link InterruptWord}, 0 for none; reads {@link #WORD_OFFERED}. Reserved in virtio 1.2. */
    static final int INTERRUPT_WORD_LOW = 0x0f0;

    static final int INTERRUPT_WORD_HIGH = 0x0f4;
    static final int CONFIG_GENERATION = 0x0fc;
    static final int CONFIG = 0x100;

    /** "virt", little endian. */
    static final int MAGIC = 0x74726976;

    /** Not the legacy interface. */
    static final int MODERN = 2;

    /** "IGNI", little endian. */
    static final int VENDOR = 0x494e4749;

    /** This device can have an interrupt word. */
    static final int WORD_OFFERED = 1;

    private MmioRegister() {}
}
