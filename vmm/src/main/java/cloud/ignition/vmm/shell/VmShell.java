package cloud.ignition.vmm.shell;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.linux.kvm.KvmVm;
import cloud.ignition.vmm.bus.Interrupt;
import cloud.ignition.vmm.event.EventLoop;
import cloud.ignition.vmm.memory.FreePages;
import cloud.ignition.vmm.memory.GuestMemory;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.vcpu.VcpuGate;
import cloud.ignition.vmm.vcpu.VcpuRunner;
import cloud.ignition.vmm.x86.CpuidPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A virtual machine without any state: VM, memory slots over addresses where no memory is yet, interrupt chips, vCPUs with
 * their CPUID and their threads at the gate, lines, and the event loop's thread, parked. All that a machine can have before
 * it is known which one it becomes. The order of the calls is measured: a memory slot costs 0.16 ms before the interrupt
 * chips exist and 7.4 ms behind them.
 */
public final class VmShell implements AutoCloseable {
    /** The doorbell's interrupt line, a GSI. */
    public static final int DOORBELL_LINE = 5;

    /** Three pages that Intel's real-mode emulation needs, below the I/O APIC and out of the way of RAM and MMIO. */
    private static final long TSS_ADDRESS = 0xfffb_d000L;

    private static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
    private static final int KVM_PIT_SPEAKER_DUMMY = 1;
    private static final System.Logger LOG = System.getLogger(VmShell.class.getName());

    private final ShellPlan plan;
    private final Mmap backing;
    private final KvmVm vm;
    private final GuestMemory memory;
    private final FreePages freePages;
    private final VcpuGate gate;
    private final EventLoop loop;
    private final List<KvmVcpu> vcpus = new ArrayList<>();
    private final List<Cpuid> cpuids = new ArrayList<>();
    private final List<VcpuRunner> runners = new ArrayList<>();
    private @Nullable SerialEvents serial;
    private final Interrupt doorbellLine;
    private final List<SlotEvents> slots = new ArrayList<>();
    private @Nullable VhostQueues vhost;

    private VmShell(ShellPlan plan, Mmap backing, KvmVm vm, EventLoop loop) {
        this.plan = plan;
        this.backing = backing;
        this.vm = vm;
        this.loop = loop;
        memory = GuestMemory.over(RamLayout.of(plan.shape().memoryBytes()), backing.segment());
        freePages = new FreePages(backing);
        doorbellLine = new InterruptLine(vm, DOORBELL_LINE);
        gate = new VcpuGate(plan.shape().vcpus());
    }

    /**
     * Makes a shell and waits until its threads stand ready.
     *
     * @throws cloud.ignition.linux.LinuxException when the host refuses; nothing is left behind then
     */
    public static VmShell create(KvmHost host, ShellPlan plan) {
        VmShell shell = empty(host, plan);
        try {
            shell.fill(host);
            return shell;
        } catch (RuntimeException e) {
            throw new Closing().then(shell::close).because(e);
        } catch (OutOfMemoryError e) { // no more threads
            throw new Closing().then(shell::close).because(e);
        }
    }

    private static VmShell empty(KvmHost host, ShellPlan plan) {
        Mmap backing = Mmap.reserved(plan.shape().memoryBytes());
        try {
            KvmVm vm = host.kvm().createVm();
            try {
                return new VmShell(plan, backing, vm, new EventLoop("machine-events"));
            } catch (RuntimeException e) {
                throw new Closing().then(vm::close).because(e);
            }
        } catch (RuntimeException e) {
            throw new Closing().then(backing::close).because(e);
        }
    }

    private void fill(KvmHost host) {
        backing.advise(Mmap.MADV_DONTDUMP); // a core file of the daemon must not hold what guests have in memory
        vm.setTssAddress(TSS_ADDRESS);
        vm.setIdentityMapAddress(IDENTITY_MAP_ADDRESS);
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
        int count = plan.shape().vcpus();
        for (int id = 0; id < count; id++) {
            KvmVcpu vcpu = vm.createVcpu(id);
            vcpus.add(vcpu);
            Cpuid cpuid = CpuidPolicy.forVcpu(host.supportedCpuid(), id, count);
            vcpu.setCpuid(cpuid);
            cpuids.add(cpuid);
            runners.add(new VcpuRunner("vcpu-" + id, vcpu, gate));
        }
        serial = new SerialEvents(vm, loop);
        for (int queues : plan.queues()) {
            slots.add(new SlotEvents(vm, loop, slots.size(), queues));
        }
        plan.vhost().ifPresent(place -> vhost = vhost(slots.get(place)));
        startThreads();
    }

    /** A machine runs as well without it, and its owner need not know. */
    private @Nullable VhostQueues vhost(SlotEvents slot) {
        try {
            return VhostQueues.open(vm, memory, slot, loop);
        } catch (LinuxException e) {
            LOG.log(System.Logger.Level.WARNING, "a machine gets no vhost-net: " + e.getMessage());
            return null;
        }
    }

    private void startThreads() {
        loop.start();
        runners.forEach(VcpuRunner::start);
        gate.awaitAll();
        runners.forEach(VcpuRunner::requireAlive);
    }

    /** What it was made after. */
    public ShellPlan plan() {
        return plan;
    }

    /** The VM. */
    public KvmVm vm() {
        return vm;
    }

    /** Its RAM, by guest-physical address; not to be touched before {@link #backing} has memory. */
    public GuestMemory memory() {
        return memory;
    }

    /** Its RAM, in one piece: reserved addresses, for whoever takes the shell to put memory there. */
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

    /** The vCPUs' threads, by number. */
    public List<VcpuRunner> runners() {
        return runners;
    }

    /** Where the vCPUs' threads wait. */
    public VcpuGate gate() {
        return gate;
    }

    /** The event loop, parked. */
    public EventLoop loop() {
        return loop;
    }

    /** The serial port's line and timer. */
    public SerialEvents serial() {
        return Objects.requireNonNull(serial);
    }

    /** Raises the doorbell's interrupt line. */
    public Interrupt doorbellLine() {
        return doorbellLine;
    }

    /** The virtio devices' places, in their order. */
    public List<SlotEvents> slots() {
        return slots;
    }

    /** What serves a network card in the host's kernel, if the plan has one and the host gave it. */
    public Optional<VhostQueues> vhost() {
        return Optional.ofNullable(vhost);
    }

    /** Ends all threads and waits for them; what they worked for can be closed then. */
    public void stop() {
        gate.set(VcpuGate.Wish.END);
        new Closing()
                .thenEach(runners, VcpuRunner::kick) // all at once; a refused kick is repeated by end()
                .then(() -> runners.forEach(VcpuRunner::end))
                .then(loop::end);
    }

    /**
     * Ends the threads if they live, closes vCPUs and VM and unmaps the memory. It can take 15 ms: not for a path that
     * somebody waits for.
     */
    @Override
    public void close() {
        new Closing()
                .then(this::stop)
                .then(loop::close)
                .thenEach(vhost().stream().toList(), VhostQueues::close)
                .thenEach(slots, SlotEvents::close)
                .thenEach(Optional.ofNullable(serial).stream().toList(), SerialEvents::close)
                .thenEach(vcpus, KvmVcpu::close)
                .then(vm::close)
                .then(backing::close)
                .orThrow();
    }
}
