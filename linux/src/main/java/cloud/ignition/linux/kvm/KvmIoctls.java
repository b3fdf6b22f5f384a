package cloud.ignition.linux.kvm;

import static cloud.ignition.linux.Ioctl.io;
import static cloud.ignition.linux.Ioctl.ior;
import static cloud.ignition.linux.Ioctl.iow;
import static cloud.ignition.linux.Ioctl.iowr;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

/** Request numbers of KVM's ioctls, names verbatim, numbers computed from the layouts as {@code linux/kvm.h} does. */
final class KvmIoctls {
    private static final int KVMIO = 0xae;

    // on /dev/kvm
    static final long KVM_GET_API_VERSION = io(KVMIO, 0x00);
    static final long KVM_CREATE_VM = io(KVMIO, 0x01);
    static final long KVM_GET_MSR_INDEX_LIST = iowr(KVMIO, 0x02, KvmStructs.KVM_MSR_LIST);
    static final long KVM_CHECK_EXTENSION = io(KVMIO, 0x03);
    static final long KVM_GET_VCPU_MMAP_SIZE = io(KVMIO, 0x04);
    static final long KVM_GET_SUPPORTED_CPUID = iowr(KVMIO, 0x05, KvmStructs.KVM_CPUID2);

    // on a VM
    static final long KVM_CREATE_VCPU = io(KVMIO, 0x41);
    static final long KVM_SET_USER_MEMORY_REGION = iow(KVMIO, 0x46, KvmStructs.KVM_USERSPACE_MEMORY_REGION);
    static final long KVM_SET_TSS_ADDR = io(KVMIO, 0x47);
    static final long KVM_SET_IDENTITY_MAP_ADDR = iow(KVMIO, 0x48, JAVA_LONG);
    static final long KVM_CREATE_IRQCHIP = io(KVMIO, 0x60);
    static final long KVM_IRQ_LINE = iow(KVMIO, 0x61, KvmStructs.KVM_IRQ_LEVEL);
    static final long KVM_GET_IRQCHIP = iowr(KVMIO, 0x62, KvmStructs.KVM_IRQCHIP);
    static final long KVM_SET_IRQCHIP = ior(KVMIO, 0x63, KvmStructs.KVM_IRQCHIP);
    static final long KVM_IRQFD = iow(KVMIO, 0x76, KvmStructs.KVM_IRQFD);
    static final long KVM_CREATE_PIT2 = iow(KVMIO, 0x77, KvmStructs.KVM_PIT_CONFIG);
    static final long KVM_IOEVENTFD = iow(KVMIO, 0x79, KvmStructs.KVM_IOEVENTFD);
    static final long KVM_SET_CLOCK = iow(KVMIO, 0x7b, KvmStructs.KVM_CLOCK_DATA);
    static final long KVM_GET_CLOCK = ior(KVMIO, 0x7c, KvmStructs.KVM_CLOCK_DATA);
    static final long KVM_GET_PIT2 = ior(KVMIO, 0x9f, KvmStructs.KVM_PIT_STATE2);
    static final long KVM_SET_PIT2 = iow(KVMIO, 0xa0, KvmStructs.KVM_PIT_STATE2);

    // on a vCPU
    static final long KVM_RUN = io(KVMIO, 0x80);
    static final long KVM_GET_REGS = ior(KVMIO, 0x81, KvmStructs.KVM_REGS);
    static final long KVM_SET_REGS = iow(KVMIO, 0x82, KvmStructs.KVM_REGS);
    static final long KVM_GET_SREGS = ior(KVMIO, 0x83, KvmStructs.KVM_SREGS);
    static final long KVM_SET_SREGS = iow(KVMIO, 0x84, KvmStructs.KVM_SREGS);
    static final long KVM_GET_MSRS = iowr(KVMIO, 0x88, KvmStructs.KVM_MSRS);
    static final long KVM_SET_MSRS = iow(KVMIO, 0x89, KvmStructs.KVM_MSRS);
    static final long KVM_GET_LAPIC = ior(KVMIO, 0x8e, KvmStructs.KVM_LAPIC_STATE);
    static final long KVM_SET_LAPIC = iow(KVMIO, 0x8f, KvmStructs.KVM_LAPIC_STATE);
    static final long KVM_SET_CPUID2 = iow(KVMIO, 0x90, KvmStructs.KVM_CPUID2);
    static final long KVM_GET_MP_STATE = ior(KVMIO, 0x98, KvmStructs.KVM_MP_STATE);
    static final long KVM_SET_MP_STATE = iow(KVMIO, 0x99, KvmStructs.KVM_MP_STATE);
    static final long KVM_GET_VCPU_EVENTS = ior(KVMIO, 0x9f, KvmStructs.KVM_VCPU_EVENTS);
    static final long KVM_SET_VCPU_EVENTS = iow(KVMIO, 0xa0, KvmStructs.KVM_VCPU_EVENTS);
    static final long KVM_GET_DEBUGREGS = ior(KVMIO, 0xa1, KvmStructs.KVM_DEBUGREGS);
    static final long KVM_SET_DEBUGREGS = iow(KVMIO, 0xa2, KvmStructs.KVM_DEBUGREGS);
    static final long KVM_SET_TSC_KHZ = io(KVMIO, 0xa2);
    static final long KVM_GET_TSC_KHZ = io(KVMIO, 0xa3);
    static final long KVM_GET_XSAVE = ior(KVMIO, 0xa4, KvmStructs.KVM_XSAVE);
    static final long KVM_SET_XSAVE = iow(KVMIO, 0xa5, KvmStructs.KVM_XSAVE);
    static final long KVM_GET_XCRS = ior(KVMIO, 0xa6, KvmStructs.KVM_XCRS);
    static final long KVM_SET_XCRS = iow(KVMIO, 0xa7, KvmStructs.KVM_XCRS);
    static final long KVM_KVMCLOCK_CTRL = io(KVMIO, 0xad);
    static final long KVM_GET_XSAVE2 = ior(KVMIO, 0xcf, KvmStructs.KVM_XSAVE);

    private KvmIoctls() {}
}
