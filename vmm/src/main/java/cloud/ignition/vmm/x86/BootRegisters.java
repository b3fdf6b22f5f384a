package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.KvmLapic;
import cloud.ignition.linux.kvm.KvmRegs;
import cloud.ignition.linux.kvm.KvmSegment;
import cloud.ignition.linux.kvm.KvmSregs;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.linux.kvm.KvmVcpuState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How vCPUs stand before the first instruction: vCPU 0 in flat 32-bit protected mode without paging, as the PVH entry
 * wants it (xen/docs/misc/pvh.pandoc); the others wait for INIT and SIPI.
 */
public final class BootRegisters {
    private static final int MSR_IA32_MISC_ENABLE = 0x1a0;
    private static final long MISC_ENABLE_FAST_STRING = 1;
    private static final int APIC_MODE_EXTINT = 0x700;
    private static final int APIC_MODE_NMI = 0x400;
    private static final long CR0_PROTECTED_MODE = 0x1;
    private static final long CR0_EXTENSION_TYPE = 0x10;
    private static final long RFLAGS_RESERVED_ONE = 0x2;
    private static final int KVM_MP_STATE_RUNNABLE = 0;
    private static final int KVM_MP_STATE_UNINITIALIZED = 1;
    private static final int TYPE_CODE_EXECUTE_READ_ACCESSED = 11;
    private static final int TYPE_DATA_READ_WRITE_ACCESSED = 3;
    private static final int TYPE_BUSY_TSS = 11;

    private BootRegisters() {}

    /** Sets what all vCPUs have in common, and that all but vCPU 0 wait. */
    public static void prepare(KvmVcpu vcpu, int id) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(4, 4);
            state.set(ValueLayout.JAVA_INT, 0, id == 0 ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED);
            vcpu.set(KvmVcpuState.MP_STATE, state);
            vcpu.setMsrs(new int[] {MSR_IA32_MISC_ENABLE}, new long[] {MISC_ENABLE_FAST_STRING});
            KvmLapic lapic = KvmLapic.allocate(arena);
            vcpu.get(KvmVcpuState.LAPIC, lapic.memory());
            lapic.setRegister(KvmLapic.APIC_LVT0, APIC_MODE_EXTINT);
            lapic.setRegister(KvmLapic.APIC_LVT1, APIC_MODE_NMI);
            vcpu.set(KvmVcpuState.LAPIC, lapic.memory());
        }
    }

    /**
     * Points vCPU 0 at the PVH entry.
     *
     * @param entry guest-physical address of the 32-bit entry
     * @param startInfo guest-physical address of struct hvm_start_info
     */
    public static void enterPvh(KvmVcpu vcpu, long entry, long startInfo) {
        try (Arena arena = Arena.ofConfined()) {
            KvmSregs sregs = KvmSregs.allocate(arena);
            vcpu.get(KvmVcpuState.SREGS, sregs.memory());
            flat(sregs.cs(), 0x8, TYPE_CODE_EXECUTE_READ_ACCESSED);
            flat(sregs.ds(), 0x10, TYPE_DATA_READ_WRITE_ACCESSED);
            flat(sregs.es(), 0x10, TYPE_DATA_READ_WRITE_ACCESSED);
            flat(sregs.ss(), 0x10, TYPE_DATA_READ_WRITE_ACCESSED);
            flat(sregs.fs(), 0x10, TYPE_DATA_READ_WRITE_ACCESSED);
            flat(sregs.gs(), 0x10, TYPE_DATA_READ_WRITE_ACCESSED);
            KvmSegment tr = sregs.tr();
            tr.setBase(0);
            tr.setLimit(0x67);
            tr.setSelector(0x18);
            tr.setType(TYPE_BUSY_TSS);
            tr.setPresent(1);
            tr.setS(0);
            tr.setDb(0);
            tr.setG(0);
            sregs.setCr0(CR0_PROTECTED_MODE | CR0_EXTENSION_TYPE);
            sregs.setCr4(0);
            sregs.setEfer(0);
            vcpu.set(KvmVcpuState.SREGS, sregs.memory());

            KvmRegs regs = KvmRegs.allocate(arena);
            regs.setRip(entry);
            regs.setRbx(startInfo);
            regs.setRflags(RFLAGS_RESERVED_ONE);
            vcpu.set(KvmVcpuState.REGS, regs.memory());
        }
    }

    private static void flat(KvmSegment segment, int selector, int type) {
        segment.setBase(0);
        segment.setLimit(0xffff_ffff);
        segment.setSelector(selector);
        segment.setType(type);
        segment.setPresent(1);
        segment.setDpl(0);
        segment.setDb(1);
        segment.setS(1);
        segment.setL(0);
        segment.setG(1);
        segment.setUnusable(0);
    }
}
