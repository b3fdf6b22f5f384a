package cloud.ignition.linux.kvm;

import static cloud.ignition.linux.LinuxException.check;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** One vCPU in KVM. All calls on one vCPU exclude each other in the kernel: they wait until a {@link #run} has returned. */
public final class KvmVcpu implements AutoCloseable {
    private final Kvm kvm;
    private final Fd fd;
    private final int id;
    private final Mmap mapping;
    private final KvmRun run;

    KvmVcpu(Kvm kvm, Fd fd, int id) {
        this.kvm = kvm;
        this.fd = fd;
        this.id = id;
        this.mapping = Mmap.sharedOf(fd, 0, kvm.vcpuMmapSize());
        this.run = new KvmRun(mapping.segment());
    }

    /** For ioctls that have no method here. */
    public Fd fd() {
        return fd;
    }

    /** The number it was created with. */
    public int id() {
        return id;
    }

    /** Why the last {@link #run} returned; valid until {@link #close}. */
    public KvmRun runView() {
        return run;
    }

    /**
     * KVM_RUN: runs the guest until it needs something. Blocks, so only platform threads call this.
     *
     * @return 0 for an exit that {@link #runView} describes, or {@code -errno}: {@code -EINTR} after a signal or immediate exit,
     *     {@code -EAGAIN} when the vCPU was not yet runnable
     */
    public int run() {
        return fd.ioctl(KvmIoctls.KVM_RUN, 0);
    }

    /** KVM_SET_CPUID2, before the first {@link #run}. */
    public void setCpuid(Cpuid cpuid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(cpuid.byteSize(), 8);
            cpuid.writeTo(struct);
            check(fd.ioctl(KvmIoctls.KVM_SET_CPUID2, struct), "KVM_SET_CPUID2");
        }
    }

    /**
     * Reads a part of the state.
     *
     * @param into native memory of at least {@link KvmVcpuState#size} bytes, aligned to 8
     */
    public void get(KvmVcpuState what, MemorySegment into) {
        checkSize(what, into);
        check(fd.ioctl(what.getRequest(kvm), into), "get " + what);
    }

    /**
     * Writes a part of the state.
     *
     * @param from the struct, at least {@link KvmVcpuState#size} bytes of native memory
     */
    public void set(KvmVcpuState what, MemorySegment from) {
        checkSize(what, from);
        check(fd.ioctl(what.setRequest, from), "set " + what);
    }

    /**
     * Reads MSRs. KVM refuses to read some that it lists; those are left out.
     *
     * @param indices which ones; afterwards the first ones are those that were read, in the order given
     * @param values as long as {@code indices}; afterwards the values that belong to them
     * @return how many were read
     */
    public int getMsrs(int[] indices, long[] values) {
        return Msrs.get(fd, indices, values);
    }

    /**
     * Writes MSRs in the order given. One that KVM refuses does not keep the others from being written.
     *
     * @return the indices of those that KVM refused, empty when all is well
     */
    public int[] setMsrs(int[] indices, long[] values) {
        return Msrs.set(fd, indices, values);
    }

    /** KVM_KVMCLOCK_CTRL: tells the guest that it was stopped, so that it does not report a lockup; nothing when it has no kvmclock. */
    public void kvmclockCtrl() {
        int r = fd.ioctl(KvmIoctls.KVM_KVMCLOCK_CTRL, 0);
        if (r < 0 && r != -Errno.EINVAL) {
            throw new LinuxException("KVM_KVMCLOCK_CTRL", -r);
        }
    }

    /** KVM_GET_TSC_KHZ: the frequency of the guest's time stamp counter in kHz. */
    public long tscKhz() {
        return check(fd.ioctl(KvmIoctls.KVM_GET_TSC_KHZ, 0), "KVM_GET_TSC_KHZ");
    }

    /**
     * KVM_SET_TSC_KHZ: lets the guest's time stamp counter run at another frequency than the host's.
     *
     * @param khz in kHz
     * @throws LinuxException EINVAL when the host cannot scale that far; see {@code KVM_CAP_TSC_CONTROL}
     */
    public void setTscKhz(long khz) {
        check(fd.ioctl(KvmIoctls.KVM_SET_TSC_KHZ, khz), "KVM_SET_TSC_KHZ " + khz);
    }

    /** Closes the vCPU; nobody may be in {@link #run} or use {@link #runView}. */
    @Override
    public void close() {
        new Closing().then(mapping::close).then(fd::close).orThrow();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private void checkSize(KvmVcpuState what, MemorySegment segment) {
        if (segment.byteSize() < what.size(kvm)) {
            throw new IllegalArgumentException(what + " needs " + what.size(kvm) + " bytes, not " + segment.byteSize());
        }
    }
}
