package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.memory.FreePages;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.x86.CpuidPolicy;
import java.util.ArrayList;
import java.util.List;

/**
 * A virtual machine as KVM has it, without any state: VM, memory slots, interrupt chips, vCPUs with their CPUID. The
 * order of the calls is measured: a memory slot costs 0.16 ms before the interrupt chips exist and 7.4 ms behind them.
 */
public final class VmShell implements AutoCloseable {
    /** Three pages that Intel's real-mode emulation needs, below the I/O APIC and out of the way of RAM and MMIO. */
    private static final long TSS_ADDRESS = 0xfffb_d000L;

    private static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
    private static final int KVM_PIT_SPEAKER_DUMMY = 1;

    private final KvmVm vm;
    private final Mmap backing;
    private final GuestMemory memory;
    private final FreePages freePages;
    private final List<KvmVcpu> vcpus;
    private final List<Cpuid> cpuids;

    private VmShell(KvmVm vm, Mmap backing, GuestMemory memory, List<KvmVcpu> vcpus, List<Cpuid> cpuids) {
        this.vm = vm;
        this.backing = backing;
        this.memory = memory;
        this.freePages = new FreePages(backing);
        this.vcpus = List.copyOf(vcpus);
        this.cpuids = List.copyOf(cpuids);
    }

    /**
     * Makes a shell around memory; on success it owns the memory, on failure the caller still does.
     *
     * @param backing all RAM in one piece, as large as the shape says
     * @throws cloud.ignition.linux.LinuxException when KVM refuses
     */
    public static VmShell create(KvmHost host, MachineShape shape, Mmap backing) {
        KvmVm vm = host.kvm().createVm();
        List<KvmVcpu> vcpus = new ArrayList<>();
        try {
            backing.advise(Mmap.MADV_DONTDUMP); // a core file of the daemon must not hold what guests have in memory
            vm.setTssAddress(TSS_ADDRESS);
            vm.setIdentityMapAddress(IDENTITY_MAP_ADDRESS);
            GuestMemory memory = GuestMemory.over(RamLayout.of(shape.memoryBytes()), backing.segment());
            int slot = 0;
            for (GuestMemory.Region region : memory.regions()) {
                vm.setUserMemoryRegion(
                        slot++,
                        0,
                        region.gpa(),
                        region.host().byteSize(),
                        region.host().address());
            }
            vm.createIrqchip();
            vm.createPit2(KVM_PIT_SPEAKER_DUMMY);
            List<Cpuid> cpuids = new ArrayList<>();
            for (int id = 0; id < shape.vcpus(); id++) {
                KvmVcpu vcpu = vm.createVcpu(id);
                vcpus.add(vcpu);
                Cpuid cpuid = CpuidPolicy.forVcpu(host.supportedCpuid(), id, shape.vcpus());
                vcpu.setCpuid(cpuid);
                cpuids.add(cpuid);
            }
            return new VmShell(vm, backing, memory, vcpus, cpuids);
        } catch (RuntimeException e) {
            throw new Closing().thenEach(vcpus, KvmVcpu::close).then(vm::close).because(e);
        }
    }

    /** The VM. */
    public KvmVm vm() {
        return vm;
    }

    /** Its RAM, by guest-physical address. */
    public GuestMemory memory() {
        return memory;
    }

    /** Its RAM, in one piece. */
    public Mmap backing() {
        return backing;
    }

    /** Gives pages of its RAM back to the host, by their offset in {@link #backing}. */
    public FreePages freePages() {
        return freePages;
    }

    /** Its vCPUs, by number. */
    public List<KvmVcpu> vcpus() {
        return vcpus;
    }

    /** The CPUID table of each vCPU. */
    public List<Cpuid> cpuids() {
        return cpuids;
    }

    /** Closes vCPUs and VM and unmaps the memory. It can take 15 ms: not for a path that somebody waits for. */
    @Override
    public void close() {
        new Closing()
                .thenEach(vcpus, KvmVcpu::close)
                .then(vm::close)
                .then(backing::close)
                .orThrow();
    }
}
