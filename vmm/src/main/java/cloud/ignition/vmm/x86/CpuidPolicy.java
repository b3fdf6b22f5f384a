package cloud.ignition.vmm.x86;

import cloud.ignition.linux.kvm.Cpuid;

/**
 * What a vCPU's CPUID says: what KVM supports on this host, with the vCPU's own topology (Intel SDM volume 2A, CPUID;
 * AMD APM volume 3, appendix E).
 */
public final class CpuidPolicy {
    private static final int LEAF_FEATURES = 0x1;
    private static final int LEAF_TOPOLOGY = 0xb;
    private static final int LEAF_XSTATE = 0xd;
    private static final int LEAF_TOPOLOGY_V2 = 0x1f;
    private static final int LEAF_AMD_TOPOLOGY = 0x8000001e;

    private static final int ECX_X2APIC = 1 << 21;
    private static final int ECX_TSC_DEADLINE = 1 << 24;
    private static final int ECX_HYPERVISOR = 1 << 31;

    private CpuidPolicy() {}

    /**
     * The table for one vCPU.
     *
     * @param supported KVM_GET_SUPPORTED_CPUID of this host; not changed
     * @param vcpu its number, which is its APIC id
     * @param vcpus how many the machine has
     */
    public static Cpuid forVcpu(Cpuid supported, int vcpu, int vcpus) {
        Cpuid table = supported.copy();
        table.replaceAll(entry -> switch (entry.function()) {
            case LEAF_FEATURES ->
                with(
                        entry,
                        entry.eax(),
                        (entry.ebx() & 0xffff) | vcpus << 16 | vcpu << 24,
                        entry.ecx() | ECX_HYPERVISOR | ECX_TSC_DEADLINE | ECX_X2APIC,
                        entry.edx());
            case LEAF_TOPOLOGY, LEAF_TOPOLOGY_V2 -> with(entry, entry.eax(), entry.ebx(), entry.ecx(), vcpu);
            case LEAF_AMD_TOPOLOGY -> with(entry, vcpu, entry.ebx(), entry.ecx(), entry.edx());
            // EBX is the size of what the *current* CPU has enabled: KVM fills it in for each vCPU itself.
            case LEAF_XSTATE ->
                with(entry, entry.eax(), entry.index() <= 1 ? 0 : entry.ebx(), entry.ecx(), entry.edx());
            default -> entry;
        });
        return table;
    }

    private static Cpuid.Entry with(Cpuid.Entry entry, int eax, int ebx, int ecx, int edx) {
        return new Cpuid.Entry(entry.function(), entry.index(), entry.flags(), eax, ebx, ecx, edx);
    }
}
