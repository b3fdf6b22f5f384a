package cloud.ignition.vmm;

import cloud.ignition.linux.Clocks;
import cloud.ignition.linux.Closing;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.RandomBytes;
import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpu;
import cloud.ignition.vmm.boot.PvhBoot;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.shell.Closer;
import cloud.ignition.vmm.shell.KvmHost;
import cloud.ignition.vmm.shell.VmShell;
import cloud.ignition.vmm.snapshot.Base;
import cloud.ignition.vmm.snapshot.KnownSnapshots;
import cloud.ignition.vmm.snapshot.MachineState;
import cloud.ignition.vmm.snapshot.MemoryToSave;
import cloud.ignition.vmm.snapshot.SavedMachine;
import cloud.ignition.vmm.snapshot.SnapshotManifest;
import cloud.ignition.vmm.snapshot.SnapshotReader;
import cloud.ignition.vmm.snapshot.SnapshotWriter;
import cloud.ignition.vmm.snapshot.WorkingSet;
import cloud.ignition.vmm.vcpu.VcpuGate;
import cloud.ignition.vmm.vcpu.VcpuRunner;
import cloud.ignition.vmm.x86.BootRegisters;
import cloud.ignition.vmm.x86.ChipState;
import cloud.ignition.vmm.x86.VcpuState;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One virtual machine: booted from a kernel or restored from a snapshot, then resumed, paused, saved and closed by its
 * owner. The owner calls from one thread at a time; {@link #sendConsole}, {@link #requestQuiesce}, {@link #activity},
 * {@link #setBalloonTarget}, {@link #reclaimed} and {@link #residentBytes} may come from any thread.
 */
public final class MicroVm implements AutoCloseable {
    private final KvmHost host;
    private final MachineShape shape;
    private final VmShell shell;
    private final Devices devices;
    private final MachineListener listener;
    private final VcpuGate gate;
    private final List<VcpuRunner> runners;
    private final AtomicBoolean exited = new AtomicBoolean();
    /** What its memory is a private copy of; null for a machine that was booted. */
    private @Nullable Base base;

    /** What each vCPU was told of itself; a restored one is told what it was told before. */
    private List<Cpuid> cpuids;

    /** What the next machine of a later snapshot will read first. */
    private volatile WorkingSet workingSet = WorkingSet.NONE;

    private final AtomicBoolean workingSetNoted = new AtomicBoolean();

    private boolean renewalDue;
    private boolean interruptDue;
    private volatile boolean atDoorbell;
    private volatile boolean closed;

    private MicroVm(
            KvmHost host, VmShell shell, Attachments attachments, MachineListener listener, WakeTimeline timeline) {
        this.host = host;
        this.shell = shell;
        shape = shell.plan().shape();
        this.listener = listener;
        cpuids = shell.cpuids();
        gate = shell.gate();
        runners = shell.runners();
        devices = new Devices(shell, attachments, listener, this::rung, this::ended);
        runners.forEach(runner -> runner.serve(devices.ports(), devices.mmio(), this::ended));
        watch(timeline, () -> devices.doorbell().refreshWallClock(Clocks.realtimeNanos()));
    }

    /**
     * Has the stages of a wake marked that the guest's own doing reaches; while it is paused.
     *
     * @param beforeRun done on each vCPU's thread, right before it enters the guest
     */
    private void watch(WakeTimeline timeline, Runnable beforeRun) {
        devices.watch(timeline);
        for (VcpuRunner runner : runners) {
            runner.onNext(
                    () -> {
                        timeline.mark(WakeTimeline.Stage.VCPU_ENTERED);
                        beforeRun.run();
                    },
                    () -> timeline.mark(WakeTimeline.Stage.FIRST_DOORBELL_ANSWER));
        }
    }

    /**
     * Makes a machine that is ready for its first instruction.
     *
     * @throws BootException when kernel or initramfs cannot be used
     * @throws cloud.ignition.linux.LinuxException when the host refuses
     */
    public static MicroVm boot(
            MachineShape shape, BootSource source, Attachments attachments, MachineListener listener) {
        return boot(shape, source, attachments, listener, Shells.NONE);
    }

    /** As {@link #boot(MachineShape, BootSource, Attachments, MachineListener)}, with a shell out of a pool if it has one. */
    public static MicroVm boot(
            MachineShape shape, BootSource source, Attachments attachments, MachineListener listener, Shells shells) {
        KvmHost host = KvmHost.open();
        VmShell shell = shells.take(host, Devices.plan(shape, attachments));
        MicroVm machine = assemble(host, shell, attachments, listener, new WakeTimeline(), Mmap::placeZeroes);
        try {
            List<String> parameters = new ArrayList<>(machine.devices.kernelParameters());
            parameters.addAll(source.trigger().kernelParameters());
            PvhBoot.Entry entry = PvhBoot.load(shell.memory(), shape.vcpus(), source, parameters);
            for (int id = 0; id < shape.vcpus(); id++) {
                BootRegisters.prepare(shell.vcpus().get(id), id);
            }
            BootRegisters.enterPvh(shell.vcpus().getFirst(), entry.entry(), entry.startInfo());
            return machine;
        } catch (RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    /**
     * Makes a machine that stands where it was saved; {@link #resume} lets it go on.
     *
     * @throws SnapshotRefusedException when the snapshot is damaged or does not fit this host or these attachments
     * @throws cloud.ignition.linux.LinuxException when the host refuses
     */
    public static MicroVm restore(
            Path directory, Attachments attachments, MachineListener listener, WakeTimeline timeline) {
        return restore(directory, attachments, listener, timeline, Shells.NONE);
    }

    /** As {@link #restore(Path, Attachments, MachineListener, WakeTimeline)}, with a shell out of a pool if it has one. */
    public static MicroVm restore(
            Path directory, Attachments attachments, MachineListener listener, WakeTimeline timeline, Shells shells) {
        KvmHost host = KvmHost.open();
        KnownSnapshots.Parts parts = KnownSnapshots.read(directory, host.facts());
        SnapshotManifest manifest = parts.manifest();
        WorkingSet workingSet = WorkingSet.read(directory, manifest.shape().memoryBytes());
        VmShell shell = shells.take(host, Devices.plan(manifest.shape(), attachments));
        timeline.mark(WakeTimeline.Stage.SHELL_TAKEN);
        MicroVm machine = assemble(host, shell, attachments, listener, timeline, range -> {
            SnapshotReader.loadMemory(directory, manifest, range, shell.freePages(), workingSet);
            timeline.mark(WakeTimeline.Stage.MEMORY_MAPPED);
        });
        machine.base = new Base(directory, manifest);
        machine.workingSet = workingSet;
        try {
            machine.load(parts.state());
            timeline.mark(WakeTimeline.Stage.STATE_LOADED);
            return machine;
        } catch (CorruptStateException | GuestLieException e) {
            machine.close();
            throw SnapshotRefusedException.damaged(directory, "it does not fit this machine: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    /** Puts memory where the shell has reserved it, and the devices around it; the shell is closed when that fails. */
    private static MicroVm assemble(
            KvmHost host,
            VmShell shell,
            Attachments attachments,
            MachineListener listener,
            WakeTimeline timeline,
            Consumer<Mmap> memory) {
        try {
            memory.accept(shell.backing());
            return new MicroVm(host, shell, attachments, listener, timeline);
        } catch (RuntimeException e) {
            Closer.closeLater(shell);
            throw e;
        }
    }

    private void load(MachineState state) {
        state.chips().restoreChips(shell.vm());
        state.vcpus().getFirst().unmatchTsc(shell.vcpus().getFirst());
        for (int id = 0; id < shape.vcpus(); id++) {
            KvmVcpu vcpu = shell.vcpus().get(id);
            state.vcpus().get(id).restore(host.kvm(), vcpu, shell.cpuids().get(id));
        }
        cpuids = state.vcpus().stream().map(VcpuState::cpuid).toList();
        state.chips().restoreClock(shell.vm());
        devices.restore(state);
        shell.vcpus().forEach(KvmVcpu::kvmclockCtrl);
        renewalDue = true;
        atDoorbell = state.doorbell().answering();
        interruptDue = !atDoorbell;
    }

    /**
     * The threads that run the guest, see gettid(2), for the owner to give them what the host has for threads: a control
     * group, a CPU. Before the first {@link #resume}; waits until they are there.
     */
    public int[] vcpuThreads() {
        gate.awaitAll();
        return runners.stream()
                .mapToInt(VcpuRunner::tid)
                .filter(tid -> tid != 0)
                .toArray();
    }

    /** Lets the guest run, for the first time or again. */
    public void resume() {
        if (closed || exited.get()) {
            return;
        }
        if (renewalDue) {
            renewalDue = false;
            renew();
            if (interruptDue) {
                // Stopped by force, in the middle of anything: the guest's driver looks at the page when it is
                // interrupted.
                devices.callDoorbell();
            }
        }
        atDoorbell = false;
        devices.resume();
        gate.set(VcpuGate.Wish.RUN);
    }

    /**
     * Lets a guest go on that stood paused for a while. To it the time went on: its clocks advanced, and what was due
     * meanwhile is due at once.
     *
     * @param timeline gets the marks of this wake
     */
    public void goOn(WakeTimeline timeline) {
        shell.vcpus().forEach(KvmVcpu::kvmclockCtrl); // else the guest reports a lockup of the paused time
        watch(timeline, () -> {});
        resume();
    }

    /** Tells the guest that it is another one than the one that was saved: generation, wall clock, seed. */
    private void renew() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment random = arena.allocate(40, 8);
            RandomBytes.fill(random);
            long generation = random.get(ValueLayout.JAVA_LONG, 32) | 1;
            devices.doorbell().renew(generation, Clocks.realtimeNanos(), random.asSlice(0, 32));
            random.fill((byte) 0);
        }
    }

    /**
     * Stops the guest between two instructions. Returns when no vCPU is in the guest, what the guest had kicked is
     * done, and the machine's event loop stands; does nothing on a paused machine.
     */
    public void pause() {
        gate.set(VcpuGate.Wish.PAUSE);
        runners.forEach(VcpuRunner::kick);
        gate.awaitAll();
        devices.park();
    }

    /** Asks the guest to ring {@link Doorbell.Kind#QUIESCED} where all its vCPUs stand still; it may never answer. */
    public void requestQuiesce() {
        devices.callDoorbell();
    }

    /**
     * Whether {@link #save} takes this machine only while the guest stands at its doorbell and is held there. Elsewhere a machine
     * with several vCPUs could, once restored, run user code on one of them before the guest has been renewed on another.
     */
    public boolean savesOnlyAtRest() {
        return shape.vcpus() > 1;
    }

    /**
     * Saves a paused machine, which stays as it is. Of a restored one only what changed since is written; the rest is in the
     * file that it was restored from.
     *
     * @param directory must not exist; it is there whole or not at all
     * @param givenUp asked again and again: once it says so, nothing is saved
     * @return what was saved; empty when it was given up
     * @throws IllegalStateException when the machine {@link #savesOnlyAtRest} and was stopped elsewhere
     * @throws java.io.UncheckedIOException when the file system refuses or has no room for it; the message is one line
     */
    public Optional<Snapshot> save(Path directory, SnapshotSubject subject, BooleanSupplier givenUp) {
        if (savesOnlyAtRest() && !atDoorbell) {
            throw new IllegalStateException(
                    "a machine with " + shape.vcpus() + " vCPUs is saved only where its guest stands at the doorbell");
        }
        noteWorkingSet();
        MachineState state = devices.save(this::saveVcpus, () -> ChipState.save(shell.vm()), atDoorbell);
        Optional<SnapshotManifest> saved = SnapshotWriter.write(
                directory,
                SavedMachine.of(shape, host.facts(), state, subject),
                new MemoryToSave(shell.backing(), shell.freePages(), this::mostDataBytes, workingSet, base),
                givenUp);
        saved.ifPresent(manifest -> {
            if (base != null) {
                base = new Base(directory, manifest); // where the shared file has its name from now on
            }
        });
        return saved.map(Snapshot::of);
    }

    private List<VcpuState> saveVcpus() {
        List<VcpuState> vcpus = new ArrayList<>();
        int[] msrs = host.msrIndexList();
        for (int id = 0; id < shape.vcpus(); id++) {
            vcpus.add(VcpuState.save(host.kvm(), shell.vcpus().get(id), cpuids.get(id), msrs));
        }
        return vcpus;
    }

    /** As {@link #save(Path, SnapshotSubject, BooleanSupplier)}, and is never given up. */
    public Snapshot save(Path directory, SnapshotSubject subject) {
        return save(directory, subject, () -> false).orElseThrow();
    }

    /** No more bytes of memory than these can be other than zero: what was restored and what was written since. */
    private long mostDataBytes() {
        Base former = base;
        long shared = former == null ? 0 : former.manifest().memoryDataBytes();
        OptionalLong written = ResidentMemory.writtenBytes(shell.backing().address(), shape.memoryBytes());
        return written.isPresent() ? Math.min(shape.memoryBytes(), shared + written.getAsLong()) : shape.memoryBytes();
    }

    /** All RAM in one piece; for benchmarks and tests. */
    MemorySegment ram() {
        return shell.backing().segment();
    }

    /**
     * Takes down which pages of its snapshot a restored machine has read so far: the next one that is restored from a snapshot of
     * this one gets them at once. Meant for when the guest has answered what it was restored for; from any thread, but not on a path
     * that somebody waits for. Only the first call counts; a save makes it when nobody has.
     */
    public void noteWorkingSet() {
        if (closed || base == null || !workingSetNoted.compareAndSet(false, true)) {
            return;
        }
        try {
            workingSet = workingSet.after(shell.backing());
        } catch (LinuxException e) {
            // It is a hint: the one before it stays.
        }
    }

    /** Gives the guest bytes on its virtio console; what it does not take in time is dropped. */
    public void sendConsole(byte[] bytes) {
        devices.sendConsole(bytes);
    }

    /** What the machine did so far. */
    public Activity activity() {
        long busy = 0;
        for (VcpuRunner runner : runners) {
            busy += runner.busyNanos();
        }
        return devices.activity(busy);
    }

    /**
     * Asks the guest to give up so much memory by its balloon, or to take it back. It follows as far as it can, and may
     * not; {@link #reclaimed} tells.
     *
     * @param bytes 0 to the machine's memory
     */
    public void setBalloonTarget(long bytes) {
        devices.setBalloonTarget(bytes);
    }

    /** Memory that the guest gave up. */
    public Reclaimed reclaimed() {
        return devices.reclaimed();
    }

    /**
     * Guest memory that this machine alone has in the host's memory: pages it wrote since its start, not those it shares
     * with its snapshot's page cache. Reads /proc, so it is not for a hot path.
     *
     * @return bytes, 0 when the machine is closed
     */
    public long residentBytes() {
        return closed ? 0 : ResidentMemory.ownBytes(shell.backing().address(), shape.memoryBytes());
    }

    /** Runs on the vCPU's thread that rang. */
    private void rung(Doorbell doorbell) {
        if (doorbell.kind() == Doorbell.Kind.POWER_OFF) {
            ended(new MachineExit(MachineExit.Kind.POWER_OFF, "the guest powered off"));
        } else if (doorbell.kind() == Doorbell.Kind.PANIC) {
            ended(new MachineExit(MachineExit.Kind.PANIC, "the guest's kernel panicked"));
        } else if (listener.onDoorbell(doorbell) == DoorbellAnswer.HOLD) {
            atDoorbell = true;
            holdAll();
        }
    }

    /** Closes the gate and brings every vCPU there, without waiting: this is a vCPU's thread. */
    private void holdAll() {
        gate.set(VcpuGate.Wish.PAUSE);
        new Closing().thenEach(runners, VcpuRunner::kick).orThrow();
    }

    /** Runs on a vCPU's thread, whose exit ends the machine. */
    private void ended(MachineExit exit) {
        new Closing()
                .then(this::holdAll)
                .then(() -> {
                    if (exited.compareAndSet(false, true)) {
                        devices.endKernelLine();
                        listener.onExit(exit);
                    }
                })
                .orThrow();
    }

    /**
     * Ends the threads and gives everything back to the host; the tap stays its owner's. Throws nothing: what the host
     * does not take back is logged.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        exited.set(true);
        shell.stop();
        Closer.logged(devices);
        Closer.closeLater(shell);
    }
}
