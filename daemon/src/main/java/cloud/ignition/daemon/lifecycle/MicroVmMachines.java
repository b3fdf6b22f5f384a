package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.image.GuestParts;
import cloud.ignition.daemon.limits.CpuLimits;
import cloud.ignition.daemon.limits.LimitedThreads;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.Nameservers;
import cloud.ignition.vmm.Activity;
import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.BootSource;
import cloud.ignition.vmm.DoorbellTrigger;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.MicroVm;
import cloud.ignition.vmm.NetRate;
import cloud.ignition.vmm.Reclaimed;
import cloud.ignition.vmm.Shells;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@link MachineFactory} on {@link MicroVm}. */
final class MicroVmMachines implements MachineFactory {
    private static final String IMAGE_FACT = "image";

    private final Supplier<GuestParts> parts;
    private final CpuLimits cpuLimits;
    private final Shells shells;
    private final WakeWarmUp warmUp;

    /**
     * @param parts asked at each boot; may throw when there is no guest kernel, which wakes do not need
     * @param shells where machines get theirs from; stays the caller's
     * @param warmUp steps aside when a machine is made; stays the caller's
     */
    MicroVmMachines(Supplier<GuestParts> parts, CpuLimits cpuLimits, Shells shells, WakeWarmUp warmUp) {
        this.parts = parts;
        this.cpuLimits = cpuLimits;
        this.shells = shells;
        this.warmUp = warmUp;
    }

    @Override
    public void require(AppSpec spec) {
        cpuLimits.require(spec.cpu());
    }

    @Override
    public Machine boot(MachinePlan plan, MachineListener listener) {
        warmUp.stepAside();
        GuestParts guest = parts.get();
        byte[] config = GuestConfig.archive(
                plan.spec().name(),
                plan.launch(),
                plan.spec().trigger(),
                plan.link().address(),
                Nameservers.ofHost());
        BootSource source = new BootSource(
                guest.kernel(), guest.initramfs(), config, trigger(plan.spec().trigger()), List.of());
        MachineShape shape = new MachineShape(plan.spec().vcpus(), plan.spec().memoryBytes());
        return limited(MicroVm.boot(shape, source, attachments(plan), listener, shells), plan);
    }

    @Override
    public Machine restore(Path snapshot, MachinePlan plan, MachineListener listener, WakeTimeline timeline) {
        warmUp.stepAside();
        return limited(MicroVm.restore(snapshot, attachments(plan), listener, timeline, shells), plan);
    }

    private Machine limited(MicroVm vm, MachinePlan plan) {
        CpuLimit limit = plan.spec().cpu();
        if (limit.isNone()) {
            return new MicroVmMachine(vm, Optional.empty());
        }
        try {
            return new MicroVmMachine(vm, Optional.of(cpuLimits.limit(plan.id(), limit, vm.vcpuThreads())));
        } catch (RuntimeException e) {
            vm.close();
            throw e;
        }
    }

    private static Attachments attachments(MachinePlan plan) {
        return attachments(plan, plan.link().guarded());
    }

    /** The kernel may move the frames where it guards them. */
    private static Attachments attachments(MachinePlan plan, boolean guarded) {
        Path root = plan.launch().rootImage();
        if (!Files.isReadable(root)) {
            throw UserException.unavailable(
                    "root image " + root + " of app " + plan.spec().name() + " is gone; pull its image again");
        }
        return new Attachments(
                List.of(new Attachments.Disk(root, true)), Optional.of(net(plan, guarded)), Optional.of(plan.vsock()));
    }

    /** No announcement after a restore: the host knows the guest's MAC address for good, see {@code TapLink}. */
    private static Attachments.Net net(MachinePlan plan, boolean guarded) {
        AppAddress address = plan.link().address();
        NetLimit limit = plan.spec().net();
        return new Attachments.Net(
                plan.link().tap(),
                address.guestMac(),
                List.of(address.guestInetAddress()),
                new NetRate(budget(limit.bytesPerSecond()), budget(limit.packetsPerSecond())),
                false,
                guarded);
    }

    private static Optional<NetRate.Budget> budget(long perSecond) {
        return perSecond == 0 ? Optional.empty() : Optional.of(new NetRate.Budget(perSecond, perSecond));
    }

    private static DoorbellTrigger trigger(SnapshotTrigger trigger) {
        return switch (trigger.kind()) {
            case FIRST_LISTEN -> new DoorbellTrigger.FirstListen();
            case NTH_LISTEN -> new DoorbellTrigger.NthListen(trigger.value());
            case LISTEN_ON_PORT -> new DoorbellTrigger.ListenOnPort(trigger.value());
            case USER_SPACE_READY -> new DoorbellTrigger.UserSpaceReady();
            case MANUAL -> new DoorbellTrigger.Manual();
        };
    }

    @Override
    public SnapshotSubject subject(MachinePlan plan) {
        return new SnapshotSubject(Map.of(
                "app", plan.spec().name(), IMAGE_FACT, plan.launch().imageDigest(), "kernel", plan.kernelDigest()));
    }

    @Override
    public String kernelDigest() {
        return parts.get().kernelDigest();
    }

    @Override
    public void check(Path snapshot, MachinePlan plan) {
        // Not compared: the kernel. It is in the snapshot's memory, so a newer one on the host changes nothing.
        @Nullable String image = Snapshot.describe(snapshot).subject().facts().get(IMAGE_FACT);
        if (!plan.launch().imageDigest().equals(image)) {
            throw SnapshotRefusedException.elsewhere(
                    snapshot,
                    "it is of image " + image + ", app " + plan.spec().name() + " is of "
                            + plan.launch().imageDigest());
        }
        // Reads all of it: once at a daemon's start, when damage by a crash is likely, never on a wake (adr/0003).
        Snapshot.verify(snapshot);
        shells.expect(snapshot, attachments(plan, plan.link().toBeGuarded()));
    }

    @Override
    public boolean compact(Path from, Path to, BooleanSupplier givenUp) {
        return Snapshot.compact(from, to, givenUp);
    }

    private record MicroVmMachine(MicroVm vm, Optional<LimitedThreads> limited) implements Machine {
        @Override
        public void resume() {
            vm.resume();
        }

        @Override
        public void goOn(WakeTimeline timeline) {
            vm.goOn(timeline);
        }

        @Override
        public void pause() {
            vm.pause();
        }

        @Override
        public void requestQuiesce() {
            vm.requestQuiesce();
        }

        @Override
        public boolean savesOnlyAtRest() {
            return vm.savesOnlyAtRest();
        }

        @Override
        public Optional<Snapshot> save(Path directory, SnapshotSubject subject, BooleanSupplier givenUp) {
            return vm.save(directory, subject, givenUp);
        }

        @Override
        public void noteWorkingSet() {
            vm.noteWorkingSet();
        }

        @Override
        public void sendConsole(byte[] bytes) {
            vm.sendConsole(bytes);
        }

        @Override
        public Activity activity() {
            return vm.activity();
        }

        @Override
        public long residentBytes() {
            return vm.residentBytes();
        }

        @Override
        public Reclaimed reclaimed() {
            return vm.reclaimed();
        }

        @Override
        public void close() {
            limited.ifPresent(LimitedThreads::close);
            vm.close();
        }
    }
}
