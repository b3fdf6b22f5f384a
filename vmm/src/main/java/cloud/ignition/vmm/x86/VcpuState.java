package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.Kvm;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * All of one vCPU: CPUID, register sets as KVM's structures, and MSRs.
 *
 * @param cpuid what the guest was told it runs on
 * @param registers each of KVM's structures, byte for byte
 * @param msrs in KVM's order
 */
public record VcpuState(Cpuid cpuid, Map<KvmVcpuState, byte[]> registers, List<Msr> msrs) {
    /** One model-specific register. */
    public record Msr(int index, long value) {}

    /** In this order a vCPU takes them; MSRs come behind LAPIC: facts.md. */
    private static final List<KvmVcpuState> BEFORE_MSRS = List.of(
            KvmVcpuState.SREGS,
            KvmVcpuState.REGS,
            KvmVcpuState.XCRS,
            KvmVcpuState.XSAVE,
            KvmVcpuState.DEBUGREGS,
            KvmVcpuState.LAPIC);

    private static final List<KvmVcpuState> BEHIND_MSRS = List.of(KvmVcpuState.VCPU_EVENTS, KvmVcpuState.MP_STATE);
    private static final int MSR_IA32_TSC_DEADLINE = 0x6e0;
    private static final int MAX_STRUCT_BYTES = 64 << 10;

    /**
     * @throws CorruptStateException when a part is missing or has an impossible size
     */
    public VcpuState {
        msrs = List.copyOf(msrs);
        CorruptStateException.require(
                !cpuid.entries().isEmpty() && cpuid.entries().size() <= Limits.MAX_CPUID_ENTRIES,
                "a vCPU with " + cpuid.entries().size() + " CPUID entries");
        CorruptStateException.require(
                registers.size() == KvmVcpuState.values().length, "a vCPU with " + registers.size() + " register sets");
        CorruptStateException.require(msrs.size() <= Limits.MAX_MSRS, "a vCPU with " + msrs.size() + " MSRs");
    }

    /** Reads all of a vCPU that is not in the guest and has no exit pending. */
    public static VcpuState save(Kvm kvm, KvmVcpu vcpu, Cpuid cpuid, int[] msrIndexList) {
        Map<KvmVcpuState, byte[]> registers = new EnumMap<>(KvmVcpuState.class);
        try (Arena arena = Arena.ofConfined()) {
            for (KvmVcpuState what : KvmVcpuState.values()) {
                MemorySegment buffer = arena.allocate(what.size(kvm), 64);
                vcpu.get(what, buffer);
                registers.put(what, buffer.toArray(ValueLayout.JAVA_BYTE));
            }
        }
        int[] indices = msrIndexList.clone();
        long[] values = new long[indices.length];
        int count = vcpu.getMsrs(indices, values);
        List<Msr> msrs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            msrs.add(new Msr(indices[i], values[i]));
        }
        return new VcpuState(cpuid, registers, msrs);
    }

    /**
     * Gives all of it, but the CPUID, to a fresh vCPU that has it already.
     *
     * @throws CorruptStateException when a structure has not the size that this host's KVM has
     */
    public void restore(Kvm kvm, KvmVcpu vcpu) {
        try (Arena arena = Arena.ofConfined()) {
            for (KvmVcpuState what : BEFORE_MSRS) {
                set(kvm, vcpu, what, arena);
            }
            restoreMsrs(vcpu);
            for (KvmVcpuState what : BEHIND_MSRS) {
                set(kvm, vcpu, what, arena);
            }
        }
    }

    /** TSC_DEADLINE arms a timer in terms of the TSC and therefore comes last. What KVM refuses it did not let be read. */
    private void restoreMsrs(KvmVcpu vcpu) {
        List<Msr> ordered = new ArrayList<>(msrs.size());
        msrs.stream().filter(msr -> msr.index() != MSR_IA32_TSC_DEADLINE).forEach(ordered::add);
        msrs.stream().filter(msr -> msr.index() == MSR_IA32_TSC_DEADLINE).forEach(ordered::add);
        vcpu.setMsrs(
                ordered.stream().mapToInt(Msr::index).toArray(),
                ordered.stream().mapToLong(Msr::value).toArray());
    }

    private void set(Kvm kvm, KvmVcpu vcpu, KvmVcpuState what, Arena arena) {
        byte[] bytes = registers.getOrDefault(what, new byte[0]);
        int expected = what.size(kvm);
        CorruptStateException.require(
                bytes.length == expected, what + " of " + bytes.length + " bytes, this host has " + expected);
        MemorySegment buffer = arena.allocate(expected, 64);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, expected);
        vcpu.set(what, buffer);
    }

    /** Appends the state. */
    public void write(StateWriter out) {
        out.list(
                cpuid.entries(),
                (entry, to) -> to.u32(entry.function())
                        .u32(entry.index())
                        .u32(entry.flags())
                        .u32(entry.eax())
                        .u32(entry.ebx())
                        .u32(entry.ecx())
                        .u32(entry.edx()));
        for (KvmVcpuState what : KvmVcpuState.values()) {
            out.bytes(registers.getOrDefault(what, new byte[0]));
        }
        out.list(msrs, (msr, to) -> to.u32(msr.index()).u64(msr.value()));
    }

    /** Reads what {@link #write} wrote. */
    public static VcpuState read(StateReader in) {
        Cpuid cpuid = new Cpuid(in.list(
                Limits.MAX_CPUID_ENTRIES,
                from -> new Cpuid.Entry(
                        from.u32(), from.u32(), from.u32(), from.u32(), from.u32(), from.u32(), from.u32())));
        Map<KvmVcpuState, byte[]> registers = new EnumMap<>(KvmVcpuState.class);
        for (KvmVcpuState what : KvmVcpuState.values()) {
            registers.put(what, in.bytes(MAX_STRUCT_BYTES));
        }
        return new VcpuState(cpuid, registers, in.list(Limits.MAX_MSRS, from -> new Msr(from.u32(), from.u64())));
    }
}
