package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.Attachments.Disk;
import cloud.ignition.vmm.Attachments.Net;
import cloud.ignition.vmm.shell.Closer;
import cloud.ignition.vmm.shell.KvmHost;
import cloud.ignition.vmm.snapshot.SnapshotReader;
import cloud.ignition.vmm.snapshot.SnapshotWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Refuses every system call of a machine's life once (boot, resume, pause, save, close, restore) and looks what is left behind:
 * nothing may be. So of a restored machine's save, as far as it makes other calls, and of what connects host and guest.
 */
class FaultInjectionTest {
    private static final String TAP = "igf" + ProcessHandle.current().pid() % 1_000_000;
    private static final MachineShape SHAPE = new MachineShape(2, Limits.MIN_MEMORY_BYTES);
    private static final NetRate RATE =
            new NetRate(Optional.of(new NetRate.Budget(1_000_000, 1_000_000)), Optional.empty());
    private static final SnapshotSubject SUBJECT = new SnapshotSubject(Map.of());

    /** How often one way is refused, first, second … time: the vCPUs, queues and lines of one machine. */
    private static final int TIMES = Integer.getInteger("ignition.faults.times", 2);

    /** A call that depends on which thread is first may not come in every life. */
    private static final int ATTEMPTS = 5;

    /** Call sites that are not refused here, and why; what a name begins with, without {@code cloud.ignition.}. */
    private static final Map<String, String> ELSEWHERE = Map.ofEntries(
            Map.entry("linux.Errno.", "names of errors"),
            Map.entry("linux.Pages.", "once in a process, makes nothing"),
            Map.entry("linux.ThreadKicker.installOnce", "once in a process, makes nothing"),
            Map.entry("linux.ThreadKicker.current", "its call of installOnce; the others are refused"),
            Map.entry("linux.Clocks.monotonicNanos", "not used by a machine"),
            Map.entry("linux.Clocks.threadCpuNanos", "figures of a running machine"),
            Map.entry("vmm.vcpu.VcpuRunner.busyNanos", "figures of a running machine"),
            Map.entry("linux.kvm.KvmVcpu.tscKhz", "not used by a machine"),
            Map.entry("linux.kvm.KvmVm.checkExtension", "not used by a machine"),
            Map.entry("linux.kvm.KvmVm.remove", "not used by a machine: lines and windows go with the VM"),
            Map.entry("vmm.shell.KvmHost.open", "its call of installOnce; the others are refused"),
            Map.entry("linux.ResourceLimit.", "the daemon's start"),
            Map.entry("linux.ThreadPriority.", "the daemon's background thread"),
            Map.entry("linux.Tap.", "the tap is its owner's; see TapTest"),
            Map.entry("linux.RouteSocket.", "the tap's owner sets it up; see RouteSocketTest"),
            Map.entry("linux.VhostNet.", "there is no vhost-net where this test runs; see VhostIT"),
            Map.entry("linux.kvm.KvmVm.addIrqfd", "the kernel's way to raise a line, with vhost-net; see VhostIT"),
            Map.entry("linux.kvm.KvmVm.irqfd", "the kernel's way to raise a line, with vhost-net; see VhostIT"),
            Map.entry("vmm.shell.VhostQueues.", "there is no vhost-net where this test runs; see VhostIT"),
            Map.entry("vmm.shell.SlotEvents.watchKicks", "where the kernel serves the queues; see VhostIT"),
            Map.entry("vmm.virtio.net.KernelService.", "where the kernel serves the queues; see VhostIT"),
            Map.entry("vmm.virtio.net.TapCounters.", "figures of a running machine"),
            Map.entry("linux.Mmap.aligned:", "which end is cut off depends on the address; see MmapTest"),
            Map.entry("linux.Mmap.anonymous:", "not used by a machine"),
            Map.entry("linux.Mmap.privateCopyOf:", "not used by a machine"),
            Map.entry("linux.Mmap.placeZeroes:", "a file was there before; see MmapTest"),
            Map.entry("linux.Mmap.placePrivateCopyOf:", "a file was there before; see MmapTest"),
            Map.entry("linux.Mmap.lambda$unmapOr", "the second refusal in a row"),
            Map.entry("linux.Mmap.lambda$close", "the second refusal in a row"),
            Map.entry("linux.Epoll.modify", "a running guest's back pressure"),
            Map.entry("linux.Epoll.remove", "a running guest's back pressure"),
            Map.entry("vmm.event.EventLoop$Watch.", "a running guest's back pressure"),
            Map.entry("vmm.shell.SerialEvents.lambda$new", "a running guest that prints by interrupt"),
            Map.entry(
                    "linux.Fd.",
                    "requests of a running guest's drivers; what a life calls of Fd is refused at its callers"),
            Map.entry("linux.TimerFd.", "requests of a running guest's drivers"),
            Map.entry("vmm.DeviceSlot$Host.", "requests of a running guest's drivers"),
            Map.entry("vmm.ResidentMemory.", "figures of a running machine"),
            Map.entry("linux.Mmap.replaceByZeroes", "a running guest's free pages"),
            Map.entry("vmm.memory.FreePages.giveBack", "a running guest's free pages"),
            Map.entry("vmm.virtio.block.Completions.", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.block.FileBackend.discard", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.net.NetDevice.armTimer", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.net.NetDevice.onTimer", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.net.NetDevice.deactivate", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.block.FileBackend.flush", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.block.FileBackend.read", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.block.FileBackend.write", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.net.TapBackend.", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.rng.RngDevice.", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.vsock.UnixStream.write", "requests of a running guest's drivers"),
            Map.entry("vmm.virtio.vsock.UnixStream.flush", "requests of a running guest's drivers"),
            Map.entry("linux.kvm.KvmVcpu.setTscKhz", "snapshots of a host with another clock"),
            Map.entry("vmm.x86.VcpuState.lambda$restoreTscFrequency", "snapshots of a host with another clock"),
            Map.entry("vmm.x86.VcpuState.restoreTscFrequency", "snapshots of a host with another clock"),
            Map.entry("vmm.x86.VcpuState.lambda$restore$", "snapshots of a host with another CPUID"),
            Map.entry("vmm.x86.VcpuState.checkRefused", "snapshots of a host with other MSRs"));

    /** One way to use a machine. */
    private interface Life {
        void live(VsockHub hub) throws InterruptedException;
    }

    private final List<String> problems = new ArrayList<>();
    private HostUse before;
    private @Nullable RuntimeException lastFailure;

    private static final int PATIENCE_SECONDS = 20;

    @TempDir
    Path directory;

    private Tap tap;
    private BootSource source;
    private List<Disk> disks;
    private Net net;
    private Path old;
    private Path forced;
    private Path saved;
    private Path compacted;

    @BeforeEach
    void makeOldSnapshots() throws Exception {
        tap = Tap.open(TAP, false);
        source = TinyKernel.in(directory);
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);
        disks = List.of(new Disk(disk, false));
        net = new Net(tap, new byte[] {2, 0, 0, 0, 0, 1}, List.of(), RATE, false);
        old = directory.resolve("old");
        forced = directory.resolve("forced");
        saved = directory.resolve("new");
        compacted = directory.resolve("compacted");
        try (VsockHub hub = openHub()) {
            bootAndSave(SHAPE, new Guest(DoorbellAnswer.HOLD), old, hub);
            bootAndSave(new MachineShape(1, Limits.MIN_MEMORY_BYTES), new Guest(DoorbellAnswer.CONTINUE), forced, hub);
        }
        closed();
        before = HostUse.now(directory);
    }

    @AfterEach
    void removeTheTap() {
        tap.close();
    }

    @Test
    void everyRefusedCallUnwindsCompletely() throws Exception {
        Set<String> sites = CallSites.all();
        sites.removeIf(
                site -> ELSEWHERE.keySet().stream().anyMatch(prefix -> site.startsWith("cloud.ignition." + prefix)));
        Set<String> covered = new TreeSet<>();
        int planned = 0;
        int unwound = 0;
        for (Life life : List.<Life>of(
                this::bootSaveRestore,
                this::restoreAndSave,
                this::restoreForced,
                this::restoreWithAPool,
                SocketLife::live)) {
            List<Faults.Fault> plan = plan(life, sites, covered);
            List<List<Faults.Fault>> unwinding = new ArrayList<>();
            for (Faults.Fault fault : plan) {
                for (Faults.Fault seen : refuse(life, List.of(fault))) {
                    // A call that only the way out of a failure makes: refused, too, the next time.
                    if (seen.way().stream().anyMatch(site -> sites.contains(site) && covered.add(site))) {
                        unwinding.add(List.of(fault, seen));
                    }
                }
            }
            for (List<Faults.Fault> faults : unwinding) {
                refuse(life, faults);
            }
            planned += plan.size();
            unwound += unwinding.size();
        }
        assertThat(String.join("\n\n", problems)).isEmpty();
        assertThat(planned).as("calls of the lives").isGreaterThan(150);
        assertThat(unwound).as("calls of a way out").isGreaterThan(2);
        sites.removeAll(covered);
        assertThat(sites)
                .as("call sites that no life of this test goes through")
                .isEmpty();
        SnapshotReader.verify(old);
        try (VsockHub hub = openHub()) {
            restoreFrom(old, hub);
        }
        closed();
    }

    /** A shell that cannot be made beforehand is made when it is needed. */
    @Test
    void whatAPoolIsRefusedCostsNoMachine() throws Exception {
        List<Faults.Fault> seen;
        tidy();
        try (Faults recording = Faults.none()) {
            assertThat(outcome(this::restoreWithAPool)).isNull();
            seen = recording.seen(1);
        }
        tidy();
        before = HostUse.now(directory);
        List<Faults.Fault> plan = seen.stream()
                .filter(fault -> fault.way().getLast().contains("ShellPool.work"))
                .toList();
        for (Faults.Fault fault : plan) {
            refuse(this::restoreWithAPool, List.of(fault));
            if (lastFailure != null && fault.way().stream().anyMatch(site -> site.contains("ShellPool.make"))) {
                problems.add("ended a life: " + fault + "\nby " + lastFailure);
            }
        }
        assertThat(String.join("\n\n", problems)).isEmpty();
        assertThat(plan).as("calls of a pool").hasSizeGreaterThanOrEqualTo(20);
    }

    /** What to refuse of a life: all ways through a place that no life before went through. */
    private List<Faults.Fault> plan(Life life, Set<String> sites, Set<String> covered) throws Exception {
        List<Faults.Fault> seen;
        tidy();
        try (Faults recording = Faults.none()) {
            assertThat(outcome(life)).isNull();
            seen = recording.seen(TIMES);
        }
        tidy();
        before = HostUse.now(directory);
        Set<String> known = Set.copyOf(covered);
        List<Faults.Fault> plan = seen.stream()
                .filter(fault -> fault.way().stream().anyMatch(site -> sites.contains(site) && !known.contains(site)))
                .toList();
        plan.forEach(fault -> covered.addAll(fault.way()));
        return plan;
    }

    /** A vCPU may be gone before somebody would kick it; two signals that come close together are read as one. */
    private static boolean needNotComeAgain(Faults.Fault fault) {
        return fault.function().equals("tgkill")
                || (fault.occurrence() > 1
                        && fault.way().stream()
                                .anyMatch(site -> site.startsWith("cloud.ignition.linux.Counters.drain")));
    }

    /** Lives with refused calls and compares what the process has of the host's; returns the calls that were seen. */
    private List<Faults.Fault> refuse(Life life, List<Faults.Fault> faults) throws Exception {
        RuntimeException failure = null;
        boolean refused = false;
        List<Faults.Fault> seen = List.of();
        for (int attempt = 0; attempt < ATTEMPTS && !refused; attempt++) {
            try (Faults armed = Faults.of(faults)) {
                failure = outcome(life);
                refused = armed.refused();
                seen = armed.seen(1);
            }
            tidy();
        }
        String what = faults + "\nended as " + failure;
        if (!refused && !needNotComeAgain(faults.getLast())) {
            problems.add("never came: " + what);
        }
        if (failure != null
                && (!isOneOfOurs(failure)
                        || String.valueOf(failure.getMessage()).contains("\n"))) {
            problems.add("no proper answer: " + what);
        }
        lastFailure = failure;
        HostUse after = HostUse.now(directory);
        if (!after.equals(before)) {
            problems.add("left behind: " + what + "\n" + after.differsFrom(before));
            before = after;
        }
        return seen;
    }

    private static boolean isOneOfOurs(RuntimeException failure) {
        return failure instanceof LinuxException
                || failure instanceof UncheckedIOException
                || failure instanceof SnapshotRefusedException
                || failure instanceof BootException;
    }

    /** Returns what ended a life early, if anything did. */
    private @Nullable RuntimeException outcome(Life life) throws Exception {
        try (VsockHub hub = openHub()) {
            life.live(hub);
            return null;
        } catch (RuntimeException e) {
            return e;
        } finally {
            closed();
        }
    }

    private void bootSaveRestore(VsockHub hub) throws InterruptedException {
        bootAndSave(SHAPE, new Guest(DoorbellAnswer.HOLD), saved, hub);
        if (Files.exists(saved)) {
            SnapshotReader.verify(saved);
            restoreFrom(saved, hub);
        }
    }

    /** What changed is saved beside the old snapshot's memory, restored with it, and made one with it. */
    private void restoreAndSave(VsockHub hub) throws InterruptedException {
        Guest guest = new Guest(DoorbellAnswer.HOLD);
        try (MicroVm machine = MicroVm.restore(old, with(hub), guest, new WakeTimeline())) {
            machine.resume();
            guest.saveAtItsRing(machine, saved);
        }
        if (!Files.exists(saved)) {
            return;
        }
        SnapshotReader.verify(saved);
        restoreFrom(saved, hub);
        assertThat(Snapshot.compact(saved, compacted, () -> false)).isTrue();
    }

    /** One machine has a shell that was made beforehand, or its own where that was refused; then both. */
    private void restoreWithAPool(VsockHub hub) throws InterruptedException {
        try (Shells shells = Shells.pooled()) {
            shells.expect(old, with(hub));
            shells.awaitSettled();
            for (int i = 0; i < 2; i++) {
                try (MicroVm machine = MicroVm.restore(
                        old, with(hub), new Guest(DoorbellAnswer.CONTINUE), new WakeTimeline(), shells)) {
                    machine.resume();
                    machine.pause();
                }
                shells.awaitSettled();
            }
        }
    }

    /** It was stopped between two instructions, and is told by an interrupt that it was restored. */
    private void restoreForced(VsockHub hub) {
        restoreFrom(forced, hub);
    }

    private VsockHub openHub() {
        return VsockHub.open(directory.resolve("vsock"));
    }

    private Attachments with(VsockHub hub) {
        return new Attachments(disks, Optional.of(net), Optional.of(hub));
    }

    private void bootAndSave(MachineShape shape, Guest guest, Path into, VsockHub hub) throws InterruptedException {
        try (MicroVm machine = MicroVm.boot(shape, source, with(hub), guest)) {
            machine.resume();
            guest.saveAtItsRing(machine, into);
        }
    }

    private void restoreFrom(Path snapshot, VsockHub hub) {
        try (MicroVm machine =
                MicroVm.restore(snapshot, with(hub), new Guest(DoorbellAnswer.HOLD), new WakeTimeline())) {
            machine.resume();
            machine.requestQuiesce();
            machine.pause();
            machine.goOn(new WakeTimeline());
            machine.pause();
        }
    }

    /** So that the next machine opens it again, and that is refused, too. */
    private static void forgetKvm() throws ReflectiveOperationException {
        Field known = KvmHost.class.getDeclaredField("instance");
        known.setAccessible(true);
        Object host = known.get(null);
        known.set(null, null);
        if (host != null) {
            ((KvmHost) host).kvm().close();
        }
    }

    /** A new snapshot is whole or not there; then away with it. */
    private void tidy() throws Exception {
        for (Path snapshot : List.of(saved, compacted)) {
            if (Files.exists(snapshot)) {
                SnapshotReader.verify(snapshot);
                SnapshotWriter.delete(snapshot);
            }
        }
        Mmap.anonymous(1).close(); // takes what the kernel refused to take back before with it
        forgetKvm();
    }

    /** Waits until what is closed in the background is closed. */
    private static void closed() throws InterruptedException {
        CountDownLatch last = new CountDownLatch(1);
        Closer.closeLater(last::countDown);
        assertThat(last.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    private static final class Guest implements MachineListener {
        private final CountDownLatch heard = new CountDownLatch(1);
        private final DoorbellAnswer answer;
        private volatile boolean exited;

        Guest(DoorbellAnswer answer) {
            this.answer = answer;
        }

        /** Unless it ends before. */
        void saveAtItsRing(MicroVm machine, Path into) throws InterruptedException {
            assertThat(heard.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            machine.pause();
            if (!exited) {
                machine.save(into, SUBJECT);
            }
        }

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            heard.countDown();
            return answer;
        }

        @Override
        public void onExit(MachineExit exit) {
            exited = true;
            heard.countDown();
        }
    }
}
