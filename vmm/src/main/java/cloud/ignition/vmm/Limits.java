package cloud.ignition.vmm;

/** Every number that bounds a machine as a whole; the devices' limits stand with their devices. */
public final class Limits {
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

    /** Largest snapshot manifest that is read. */
    public static final int MAX_MANIFEST_BYTES = 64 << 10;

    /** Largest snapshot state file that is read. */
    public static final int MAX_STATE_BYTES = 4 << 20;

    /** Most MSRs that are kept of one vCPU. */
    public static final int MAX_MSRS = 1024;

    /** Most CPUID entries of a machine. */
    public static final int MAX_CPUID_ENTRIES = 256;

    private Limits() {}
}
