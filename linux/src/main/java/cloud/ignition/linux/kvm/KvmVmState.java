package cloud.ignition.linux.kvm;

import java.lang.foreign.StructLayout;

/** The parts of a VM's state that KVM holds and gives out, each as one struct; see {@link KvmVm#get}. */
public enum KvmVmState {
    /** {@code struct kvm_irqchip} of the first 8259A. */
    IRQCHIP_PIC_MASTER(KvmConstants.KVM_IRQCHIP_PIC_MASTER),
    /** {@code struct kvm_irqchip} of the second 8259A. */
    IRQCHIP_PIC_SLAVE(KvmConstants.KVM_IRQCHIP_PIC_SLAVE),
    /** {@code struct kvm_irqchip} of the I/O APIC. */
    IRQCHIP_IOAPIC(KvmConstants.KVM_IRQCHIP_IOAPIC),
    /** {@code struct kvm_pit_state2}. */
    PIT2(KvmIoctls.KVM_GET_PIT2, KvmIoctls.KVM_SET_PIT2, KvmStructs.KVM_PIT_STATE2),
    /** {@code struct kvm_clock_data}; see {@link KvmClockData} for what to clear before it is set. */
    CLOCK(KvmIoctls.KVM_GET_CLOCK, KvmIoctls.KVM_SET_CLOCK, KvmStructs.KVM_CLOCK_DATA);

    final long getRequest;
    final long setRequest;
    final int chipId;

    private final int size;

    KvmVmState(int chipId) {
        this(KvmIoctls.KVM_GET_IRQCHIP, KvmIoctls.KVM_SET_IRQCHIP, KvmStructs.KVM_IRQCHIP, chipId);
    }

    KvmVmState(long getRequest, long setRequest, StructLayout layout) {
        this(getRequest, setRequest, layout, -1);
    }

    KvmVmState(long getRequest, long setRequest, StructLayout layout, int chipId) {
        this.getRequest = getRequest;
        this.setRequest = setRequest;
        this.size = (int) layout.byteSize();
        this.chipId = chipId;
    }

    /** Bytes of the struct. */
    public int size() {
        return size;
    }

    /** {@code KVM_IRQCHIP_…}, the struct's first 32 bits; -1 when the struct is not one of an irqchip. */
    public int chipId() {
        return chipId;
    }

    /** Whether the struct starts with a {@code chip_id}. */
    boolean isIrqchip() {
        return chipId != -1;
    }
}
