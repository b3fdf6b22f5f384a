package cloud.ignition.vmm;

/** Every number that bounds a machine as a whole; the devices' limits stand with their devices. */
public final class Limits {
    /** Most kinds of shells that are kept ready: those of the machines that came last. */
    public static final int MAX_POOLED_PLANS = 4;

    /** Most shells that stand ready, of all kinds: as many machines can come at once without waiting for one to be made. */
    public static final int MAX_POOLED_SHELLS = 16;

    /** Machines that came within so long came at once. Twice as many shells of their kind are kept ready. */
    public static final long POOL_BURST_NANOS = 1_000_000_000L;

    /** How long such a burst is remembered; behind it one shell of the kind stands ready, until its kind is forgotten. */
    public static final long POOL_MEMORY_NANOS = 600_000_000_000L;

    /** The pool is not filled before the last machine has had so long to come to its first answer. */
    public static final long POOL_REFILL_DELAY_NANOS = 20_000_000L;

    /** But not later than so long after the first one that is missing, however many come. */
    public static final long POOL_REFILL_DEADLINE_NANOS = 200_000_000L;

    /** How long the built-in guest may take to ring, on the slowest of hosts. */
    public static final int WARM_UP_PATIENCE_SECONDS = 30;

    /** Most vCPUs of one machine. */
    public static final int MAX_VCPUS = 8;

    /** Least RAM a Linux guest with its root image can start in. */
    public static final long MIN_MEMORY_BYTES = 64L << 20;

    /** Most RAM of one machine. */
    public static final long MAX_MEMORY_BYTES = 8L << 30;

    /** Longest kernel command line, the kernel's own COMMAND_LINE_SIZE less its NUL (arch/x86/include/asm/setup.h). */
    public static final int MAX_COMMAND_LINE_BYTES = 2047;

    /** Most ELF program headers read from a kernel. */
    public static final int MAX_PROGRAM_HEADERS = 64;

    /** Most bytes of ELF notes searched for the PVH entry. */
    public static final int MAX_NOTE_BYTES = 64 << 10;

    /** Largest initramfs, overlay included. */
    public static final long MAX_INITRAMFS_BYTES = 64L << 20;

    /** Most block devices of one machine. */
    public static final int MAX_DISKS = 4;

    /** Most separate runs of pages of its snapshot's mapping that one restored machine gives back to the host. */
    public static final int MAX_FREE_RUNS = 256;

    /** Most runs of changed pages of a snapshot; a machine that has more is saved as a whole. */
    public static final int MAX_CHANGE_RUNS = 1 << 16;

    /** A snapshot with more bytes of changed pages than this is made a whole one again while nobody needs it. */
    public static final long COMPACTED_CHANGE_BYTES = 16L << 20;

    /** Largest snapshot manifest that is read. */
    public static final int MAX_MANIFEST_BYTES = 256 << 10;

    /** Largest snapshot state file that is read. */
    public static final int MAX_STATE_BYTES = 4 << 20;

    /** Snapshots whose decoded state is kept at most, the last ones written or restored; some 100 KiB each. */
    public static final int MAX_KNOWN_SNAPSHOTS = 128;

    /** Most MSRs that are kept of one vCPU. */
    public static final int MAX_MSRS = 1024;

    /** Most CPUID entries of a machine. */
    public static final int MAX_CPUID_ENTRIES = 256;

    /** Largest of KVM's structures that is kept of a vCPU: an XSAVE area with all that Intel has defined has 11 KiB. */
    public static final int MAX_VCPU_STRUCT_BYTES = 64 << 10;

    /** Highest frequency of a time stamp counter that is believed, in kHz: 100 GHz. */
    public static final int MAX_TSC_KHZ = 100_000_000;

    /**
     * How far the frequency of a guest's time stamp counter may be from the host's, in parts per million, before the
     * host has to scale it: what NTP corrects anyway (the same number as Firecracker's and QEMU's).
     */
    public static final int TSC_TOLERANCE_PPM = 250;

    /** Free space that stays on a file system behind the largest snapshot that may be written, in bytes. */
    public static final long SNAPSHOT_SPACE_MARGIN_BYTES = 8L << 20;

    /** Missing CPU features that are named when a snapshot is refused; the rest is counted. */
    public static final int NAMED_FEATURES = 8;

    private Limits() {}
}
