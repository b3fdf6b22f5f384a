package cloud.ignition.linux.kvm;

import static cloud.ignition.linux.LinuxException.check;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The KVM subsystem of the host: {@code /dev/kvm}. */
public final class Kvm implements AutoCloseable {
    /** The device's path. */
    public static final String DEVICE = "/dev/kvm";

    /** More CPUID entries than KVM has ever reported; twice {@code KVM_MAX_CPUID_ENTRIES} of old kernels. */
    private static final int MAX_CPUID_ENTRIES = 512;

    private final Fd fd;
    private final int vcpuMmapSize;
    private final boolean hasXsave2;
    private final int xsaveSize;

    private Kvm(Fd fd) {
        this.fd = fd;
        int version = check(fd.ioctl(KvmIoctls.KVM_GET_API_VERSION, 0), "KVM_GET_API_VERSION");
        if (version != KvmConstants.KVM_API_VERSION) {
            throw new LinuxException(
                    "KVM_GET_API_VERSION answered " + version + " instead of " + KvmConstants.KVM_API_VERSION,
                    Errno.EOPNOTSUPP);
        }
        vcpuMmapSize = check(fd.ioctl(KvmIoctls.KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
        if (vcpuMmapSize < KvmStructs.KVM_RUN.byteSize()) {
            throw new LinuxException(
                    "KVM_GET_VCPU_MMAP_SIZE answered " + vcpuMmapSize + ", less than struct kvm_run", Errno.EOPNOTSUPP);
        }
        int xsave2 = checkExtension(KvmConstants.KVM_CAP_XSAVE2);
        hasXsave2 = xsave2 > 0;
        xsaveSize = Math.max((int) KvmStructs.KVM_XSAVE.byteSize(), xsave2);
    }

    /**
     * Opens {@code /dev/kvm}.
     *
     * @throws LinuxException ENOENT without KVM, EACCES without permission, EOPNOTSUPP when it speaks another API version
     */
    public static Kvm open() {
        Fd fd = Fd.open(DEVICE, Fd.O_RDWR, 0);
        try {
            return new Kvm(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /** KVM_CHECK_EXTENSION for a {@code KVM_CAP_…}: 0 when absent, else 1 or the number that the capability stands for. */
    public int checkExtension(int capability) {
        return check(fd.ioctl(KvmIoctls.KVM_CHECK_EXTENSION, capability), "KVM_CHECK_EXTENSION " + capability);
    }

    /** A new VM without memory, devices and vCPUs. Can take 30-150 ms on some hosts. */
    public KvmVm createVm() {
        int n;
        do {
            // KVM_CREATE_VM gives up with EINTR when a signal is pending, and has done nothing then.
            n = fd.ioctl(KvmIoctls.KVM_CREATE_VM, 0);
        } while (n == -Errno.EINTR);
        return new KvmVm(this, Fd.adopt(check(n, "KVM_CREATE_VM"), "kvm-vm"));
    }

    /** Bytes of the mapping behind each vCPU, see {@link KvmRun}. */
    public int vcpuMmapSize() {
        return vcpuMmapSize;
    }

    /** Bytes of {@link KvmVcpuState#XSAVE} on this host, at least 4096. */
    public int xsaveSize() {
        return xsaveSize;
    }

    /** The CPUID entries that host and KVM can give to a guest. */
    public Cpuid supportedCpuid() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = Cpuid.allocate(arena, MAX_CPUID_ENTRIES);
            check(fd.ioctl(KvmIoctls.KVM_GET_SUPPORTED_CPUID, struct), "KVM_GET_SUPPORTED_CPUID");
            return Cpuid.readFrom(struct);
        }
    }

    /** The MSRs that hold guest state on this host, in KVM's order; a new array each time. */
    public int[] msrIndexList() {
        long header = KvmStructs.KVM_MSR_LIST.byteSize();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment empty = arena.allocate(KvmStructs.KVM_MSR_LIST);
            int r = fd.ioctl(KvmIoctls.KVM_GET_MSR_INDEX_LIST, empty);
            if (r != -Errno.E2BIG) {
                check(r, "KVM_GET_MSR_INDEX_LIST");
            }
            int count = empty.get(ValueLayout.JAVA_INT, 0);
            MemorySegment list = arena.allocate(header + count * ValueLayout.JAVA_INT.byteSize(), 8);
            list.set(ValueLayout.JAVA_INT, 0, count);
            check(fd.ioctl(KvmIoctls.KVM_GET_MSR_INDEX_LIST, list), "KVM_GET_MSR_INDEX_LIST");
            return list.asSlice(header).toArray(ValueLayout.JAVA_INT);
        }
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    boolean hasXsave2() {
        return hasXsave2;
    }
}
