package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.Kvm;
import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.x86.CpuFeatures;
import cloud.ignition.vmm.x86.CpuidPolicy;
import cloud.ignition.vmm.x86.MsrList;
import cloud.ignition.vmm.x86.VcpuState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The facts of CPU and kernel that a saved machine depends on, as it found them (in a manifest) or as a host has them.
 *
 * @param cpuid the CPUID table of vCPU 0, which is what KVM offers
 * @param msrs the MSRs a vCPU has, rising as unsigned numbers
 * @param xsaveBytes size of KVM's {@code struct kvm_xsave}, KVM_CAP_XSAVE2
 * @param tscKhz frequency of the guest's time stamp counter, 0 when unknown
 * @param kernel release of the host's kernel; for people, never compared
 */
public record HostFacts(List<Cpuid.Entry> cpuid, List<Integer> msrs, int xsaveBytes, int tscKhz, String kernel) {
    private static final int MAX_KERNEL_NAME = 64; // __NEW_UTS_LEN

    /**
     * @throws CorruptStateException when a number is outside its limits, or the table does not say which CPU it is of
     */
    public HostFacts {
        cpuid = List.copyOf(cpuid);
        msrs = List.copyOf(msrs);
        CorruptStateException.require(
                cpuid.size() <= Limits.MAX_CPUID_ENTRIES, "a table of " + cpuid.size() + " CPUID entries");
        CpuFeatures.name(new Cpuid(cpuid));
        CorruptStateException.require(
                !msrs.isEmpty() && msrs.size() <= Limits.MAX_MSRS, "a list of " + msrs.size() + " MSRs");
        for (int i = 1; i < msrs.size(); i++) {
            CorruptStateException.require(
                    Integer.compareUnsigned(msrs.get(i - 1), msrs.get(i)) < 0, "a list of MSRs out of order");
        }
        CorruptStateException.require(
                xsaveBytes >= KvmVcpuState.XSAVE.minSize() && xsaveBytes <= Limits.MAX_VCPU_STRUCT_BYTES,
                "XSAVE areas of " + xsaveBytes + " bytes");
        CorruptStateException.require(
                tscKhz >= 0 && tscKhz <= Limits.MAX_TSC_KHZ, "a time stamp counter of " + tscKhz + " kHz");
        CorruptStateException.require(
                kernel.matches("[!-~]{1," + MAX_KERNEL_NAME + "}"), "a kernel release that is not one word");
    }

    /** What this host offers to a vCPU; its own time stamp counter is asked at each restore and left out here. */
    public static HostFacts of(Kvm kvm) {
        return new HostFacts(
                CpuidPolicy.forVcpu(kvm.supportedCpuid(), 0, 1).entries(),
                rising(IntStream.of(MsrList.of(kvm))),
                kvm.xsaveSize(),
                0,
                release());
    }

    /** What a machine depends on that was saved on this host. */
    public HostFacts usedBy(MachineState state) {
        VcpuState first = state.vcpus().getFirst();
        return new HostFacts(
                first.cpuid().entries(),
                rising(state.vcpus().stream()
                        .flatMap(vcpu -> vcpu.msrs().stream())
                        .mapToInt(VcpuState.Msr::index)),
                xsaveBytes,
                first.tscKhz(),
                kernel);
    }

    /** Which CPU this is, for people. */
    public String cpu() {
        return CpuFeatures.name(new Cpuid(cpuid));
    }

    /**
     * Why a machine with these facts cannot be restored on a host; one clause, empty when it can. The frequency of the
     * time stamp counter is not looked at here: KVM can scale it on most hosts, and says so for a vCPU.
     */
    public Optional<String> missingOn(HostFacts host) {
        Optional<String> feature = CpuFeatures.missing(new Cpuid(cpuid), new Cpuid(host.cpuid), Limits.NAMED_FEATURES);
        if (feature.isPresent()) {
            return feature.map(lack -> "it was saved on " + cpu() + "; " + lack);
        }
        List<Integer> lacking = new ArrayList<>(msrs);
        lacking.removeAll(new HashSet<>(host.msrs));
        if (!lacking.isEmpty()) {
            return Optional.of("it was saved with kernel " + kernel + "; KVM of this host's kernel " + host.kernel
                    + " lacks MSR 0x" + Integer.toHexString(lacking.getFirst())
                    + (lacking.size() > 1 ? " and " + (lacking.size() - 1) + " more" : ""));
        }
        return xsaveBytes <= host.xsaveBytes
                ? Optional.empty()
                : Optional.of("its XSAVE areas have " + xsaveBytes + " bytes; KVM of this host's kernel " + host.kernel
                        + " takes " + host.xsaveBytes);
    }

    /** As unsigned numbers, each once. */
    private static List<Integer> rising(IntStream indices) {
        return indices.map(index -> index ^ Integer.MIN_VALUE)
                .sorted()
                .distinct()
                .mapToObj(index -> index ^ Integer.MIN_VALUE)
                .toList();
    }

    private static String release() {
        String release = System.getProperty("os.version", "unknown").replaceAll("[^!-~]", "?");
        return release.substring(0, Math.min(release.length(), MAX_KERNEL_NAME));
    }
}
