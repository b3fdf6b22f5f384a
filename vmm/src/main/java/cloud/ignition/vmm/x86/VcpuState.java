package cloud.ignition.vmm.x86;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.Kvm;
import cloud.ignition.linux.kvm.KvmConstants;
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
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * All of one vCPU: CPUID, register sets as KVM's structures, and MSRs. Numbers and sizes are checked here; what stands in
 * the registers becomes live only through KVM, which takes no value that a CPU would not take.
 *
 * @param cpuid what the guest was told it runs on; not to be changed
 * @param registers each of KVM's structures, byte for byte; not to be changed
 * @param msrs in KVM's order, each once
 * @param tscKhz frequency of its time stamp counter in kHz, 0 when the host did not say
 */
public record VcpuState(Cpuid cpuid, Map<KvmVcpuState, byte[]> registers, List<Msr> msrs, int tscKhz) {
    /**
     * One model-specific register.
     *
     * @param index its number
     * @param value its 64 bits
     */
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
    private static final int MSR_IA32_TSC = 0x10;
    private static final int MSR_IA32_TSC_DEADLINE = 0x6e0;

    /** More than any time stamp counter gets to. */
    private static final long TSC_FAR_AWAY = 1L << 62;

    private static final int CPUID_FLAGS = KvmConstants.KVM_CPUID_FLAG_SIGNIFCANT_INDEX
            | KvmConstants.KVM_CPUID_FLAG_STATEFUL_FUNC
            | KvmConstants.KVM_CPUID_FLAG_STATE_READ_NEXT;

    /**
     * @throws CorruptStateException when a part is missing, is there twice or has an impossible size
     */
    public VcpuState {
        msrs = List.copyOf(msrs);
        checkCpuid(cpuid.entries());
        CorruptStateException.require(
                registers.size() == KvmVcpuState.values().length, "a vCPU with " + registers.size() + " register sets");
        registers.forEach((what, bytes) -> CorruptStateException.require(
                what == KvmVcpuState.XSAVE
                        ? bytes.length >= what.minSize() && bytes.length <= Limits.MAX_VCPU_STRUCT_BYTES
                        : bytes.length == what.minSize(),
                what + " of " + bytes.length + " bytes"));
        byte[] mpState = registers.getOrDefault(KvmVcpuState.MP_STATE, new byte[0]);
        CorruptStateException.require(
                mpState[0] >= KvmConstants.KVM_MP_STATE_RUNNABLE
                        && mpState[0] <= KvmConstants.KVM_MP_STATE_SIPI_RECEIVED
                        && (mpState[1] | mpState[2] | mpState[3]) == 0,
                "a vCPU in no state that there is: " + HexFormat.of().formatHex(mpState));
        CorruptStateException.require(msrs.size() <= Limits.MAX_MSRS, "a vCPU with " + msrs.size() + " MSRs");
        CorruptStateException.require(
                msrs.stream().mapToInt(Msr::index).distinct().count() == msrs.size(), "an MSR that is there twice");
        CorruptStateException.require(
                tscKhz >= 0 && tscKhz <= Limits.MAX_TSC_KHZ, "a time stamp counter of " + tscKhz + " kHz");
    }

    private static void checkCpuid(List<Cpuid.Entry> entries) {
        CorruptStateException.require(
                !entries.isEmpty() && entries.size() <= Limits.MAX_CPUID_ENTRIES,
                "a vCPU with " + entries.size() + " CPUID entries");
        Set<Long> leaves = new HashSet<>();
        for (Cpuid.Entry entry : entries) {
            String leaf = "CPUID leaf " + Integer.toHexString(entry.function()) + "." + entry.index();
            CorruptStateException.require((entry.flags() & ~CPUID_FLAGS) == 0, leaf + " has unknown flags");
            CorruptStateException.require(
                    leaves.add(((long) entry.function() << 32) | Integer.toUnsignedLong(entry.index())),
                    leaf + " is there twice");
        }
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
        return new VcpuState(cpuid, registers, msrs, tscKhz(vcpu));
    }

    private static int tscKhz(KvmVcpu vcpu) {
        try {
            return (int) vcpu.tscKhz();
        } catch (LinuxException e) {
            return 0; // EIO: the host has no stable time stamp counter, and its guests use kvmclock
        }
    }

    /**
     * Gives all of it to a vCPU that has not run.
     *
     * @param present the CPUID that the vCPU has already
     * @throws CorruptStateException when this host's KVM does not take it
     */
    public void restore(Kvm kvm, KvmVcpu vcpu, Cpuid present) {
        if (!cpuid.equals(present)) {
            accepted("CPUID table", () -> vcpu.setCpuid(cpuid));
        }
        restoreTscFrequency(kvm, vcpu);
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

    /**
     * To be called with the first vCPU before the first {@link #restore}. KVM of Linux before 6.8 takes a value of a time stamp
     * counter that is within a second of what the VM's counters stand at for an attempt to synchronise them, and leaves it as it is: right between
     * vCPUs of one machine, wrong for a machine whose counter happens to be as high as its shell is old. Behind a value
     * that is far away no such thing is near.
     */
    public void unmatchTsc(KvmVcpu vcpu) {
        for (Msr msr : msrs) {
            if (msr.index() == MSR_IA32_TSC) {
                int[] refused = vcpu.setMsrs(new int[] {MSR_IA32_TSC}, new long[] {msr.value() ^ TSC_FAR_AWAY});
                CorruptStateException.require(refused.length == 0, "this host's KVM refuses a time stamp counter");
            }
        }
    }

    private void restoreTscFrequency(Kvm kvm, KvmVcpu vcpu) {
        int host = tscKhz(vcpu);
        if (tscKhz == 0 || host == 0) {
            return;
        }
        long difference = Math.abs((long) tscKhz - host);
        if (difference * 1_000_000 <= (long) host * Limits.TSC_TOLERANCE_PPM) {
            return;
        }
        CorruptStateException.require(
                kvm.checkExtension(KvmConstants.KVM_CAP_TSC_CONTROL) > 0,
                "its time stamp counter runs at " + tscKhz + " kHz, this host's at " + host
                        + " kHz and cannot be scaled");
        accepted("time stamp counter of " + tscKhz + " kHz", () -> vcpu.setTscKhz(tscKhz));
    }

    /**
     * TSC_DEADLINE arms a timer in terms of the TSC and therefore comes last. Some MSRs can be read but not written; one
     * that has its value already needs no writing.
     */
    private void restoreMsrs(KvmVcpu vcpu) {
        int[] indices = new int[msrs.size()];
        long[] values = new long[msrs.size()];
        int first = 0;
        int last = indices.length;
        for (Msr msr : msrs) {
            int at = msr.index() == MSR_IA32_TSC_DEADLINE ? --last : first++;
            indices[at] = msr.index();
            values[at] = msr.value();
        }
        int[] refused = vcpu.setMsrs(indices, values);
        if (refused.length > 0) {
            checkRefused(vcpu, refused);
        }
    }

    private void checkRefused(KvmVcpu vcpu, int[] refused) {
        Map<Integer, Long> wanted = new HashMap<>();
        msrs.forEach(msr -> wanted.put(msr.index(), msr.value()));
        int[] indices = refused.clone();
        long[] values = new long[indices.length];
        int count = vcpu.getMsrs(indices, values);
        CorruptStateException.require(count == refused.length, "this host's KVM does not know all its MSRs");
        for (int i = 0; i < count; i++) {
            CorruptStateException.require(
                    Objects.equals(wanted.get(indices[i]), values[i]),
                    "this host's KVM refuses MSR 0x" + Integer.toHexString(indices[i]) + " = 0x"
                            + Long.toHexString(wanted.getOrDefault(indices[i], 0L)));
        }
    }

    /** An XSAVE area of a host with fewer extensions is a prefix of this host's. */
    private void set(Kvm kvm, KvmVcpu vcpu, KvmVcpuState what, Arena arena) {
        byte[] bytes = registers.getOrDefault(what, new byte[0]);
        int expected = what.size(kvm);
        CorruptStateException.require(
                bytes.length <= expected, what + " of " + bytes.length + " bytes, this host has " + expected);
        MemorySegment buffer = arena.allocate(expected, 64);
        MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
        accepted(what.name(), () -> vcpu.set(what, buffer));
    }

    /** KVM's EINVAL says that what the file holds is no state of a CPU; any other error is the host's. */
    private static void accepted(String what, Runnable call) {
        try {
            call.run();
        } catch (LinuxException e) {
            if (e.errno() == Errno.EINVAL || e.errno() == Errno.E2BIG) {
                throw new CorruptStateException("this host's KVM refuses its " + what, e);
            }
            throw e;
        }
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
        out.u32(tscKhz);
    }

    /** Reads what {@link #write} wrote. */
    public static VcpuState read(StateReader in) {
        Cpuid cpuid = new Cpuid(in.list(
                Limits.MAX_CPUID_ENTRIES,
                from -> new Cpuid.Entry(
                        from.u32(), from.u32(), from.u32(), from.u32(), from.u32(), from.u32(), from.u32())));
        Map<KvmVcpuState, byte[]> registers = new EnumMap<>(KvmVcpuState.class);
        for (KvmVcpuState what : KvmVcpuState.values()) {
            registers.put(what, in.bytes(Limits.MAX_VCPU_STRUCT_BYTES));
        }
        return new VcpuState(
                cpuid, registers, in.list(Limits.MAX_MSRS, from -> new Msr(from.u32(), from.u64())), in.u32());
    }
}
