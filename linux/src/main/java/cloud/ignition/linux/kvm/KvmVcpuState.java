package cloud.ignition.linux.kvm;

import java.lang.foreign.StructLayout;

/** The parts of a vCPU's state, MSRs and CPUID apart, each as one struct; see {@link KvmVcpu#get}. */
public enum KvmVcpuState {
    /** {@code struct kvm_regs}. */
    REGS(KvmIoctls.KVM_GET_REGS, KvmIoctls.KVM_SET_REGS, KvmStructs.KVM_REGS),
    /** {@code struct kvm_sregs}. */
    SREGS(KvmIoctls.KVM_GET_SREGS, KvmIoctls.KVM_SET_SREGS, KvmStructs.KVM_SREGS),
    /** {@code struct kvm_xsave}. */
    XSAVE(KvmIoctls.KVM_GET_XSAVE, KvmIoctls.KVM_SET_XSAVE, KvmStructs.KVM_XSAVE),
    /** {@code struct kvm_xcrs}. */
    XCRS(KvmIoctls.KVM_GET_XCRS, KvmIoctls.KVM_SET_XCRS, KvmStructs.KVM_XCRS),
    /** {@code struct kvm_debugregs}. */
    DEBUGREGS(KvmIoctls.KVM_GET_DEBUGREGS, KvmIoctls.KVM_SET_DEBUGREGS, KvmStructs.KVM_DEBUGREGS),
    /** {@code struct kvm_lapic_state}. */
    LAPIC(KvmIoctls.KVM_GET_LAPIC, KvmIoctls.KVM_SET_LAPIC, KvmStructs.KVM_LAPIC_STATE),
    /** {@code struct kvm_mp_state}. */
    MP_STATE(KvmIoctls.KVM_GET_MP_STATE, KvmIoctls.KVM_SET_MP_STATE, KvmStructs.KVM_MP_STATE),
    /** {@code struct kvm_vcpu_events}. */
    VCPU_EVENTS(KvmIoctls.KVM_GET_VCPU_EVENTS, KvmIoctls.KVM_SET_VCPU_EVENTS, KvmStructs.KVM_VCPU_EVENTS);

    private final long getRequest;
    final long setRequest;
    private final int size;

    KvmVcpuState(long getRequest, long setRequest, StructLayout layout) {
        this.getRequest = getRequest;
        this.setRequest = setRequest;
        this.size = (int) layout.byteSize();
    }

    /** Bytes of the struct on every host; an {@link #XSAVE} may have more. */
    public int minSize() {
        return size;
    }

    /** Bytes of the struct on this host; only {@link #XSAVE} differs between hosts. */
    public int size(Kvm kvm) {
        return this == XSAVE ? kvm.xsaveSize() : size;
    }

    /** KVM_GET_XSAVE2 writes all of a state that is longer than 4096 bytes, KVM_GET_XSAVE refuses such a vCPU. */
    long getRequest(Kvm kvm) {
        return this == XSAVE && kvm.hasXsave2() ? KvmIoctls.KVM_GET_XSAVE2 : getRequest;
    }
}
