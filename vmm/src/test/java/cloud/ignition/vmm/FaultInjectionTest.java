package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.Attachments.Disk;
import cloud.ignition.vmm.Attachments.Net;
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
 * nothing may be.
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
            Map.entry("vmm.vcpu.VcpuRunner.cpuNanos", "figures of a running machine"),
            Map.entry("linux.kvm.KvmVcpu.tscKhz", "not used by a machine"),
            Map.entry("linux.kvm.KvmVm.checkExtension", "not used by a machine"),
            Map.entry("linux.kvm.KvmVm.remove", "not used by a machine: lines and windows go with the VM"),
            Map.entry("vmm.shell.KvmHost.open", "its call of installOnce; the others are refused"),
            Map.entry("linux.ResourceLimit.", "the daemon's start"),
            Map.entry("linux.Tap.", "the tap is its owner's; see TapTest"),
            Map.entry("linux.Mmap.anonymous:", "which end is cut off depends on the address; see MmapTest"),
            Map.entry("linux.Mmap.lambda$unmapOr", "the second refusal in a row"),
            Map.entry("linux.Mmap.lambda$close", "the second refusal in a row"),
            Map.entry("linux.Epoll.modify", "a running guest's back pressure"),
            Map.entry("linux.Epoll.remove", "a running guest's back pressure"),
            Map.entry("vmm.event.EventLoop$Watch.", "a running guest's back pressure"),
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
            Map.entry("vmm.virtio.rng.RngDevice.", "requests of a running guest's drivers"));

    private final List<String> problems = new ArrayList<>();
    private HostUse before;

    private static final int PATIENCE_SECONDS = 20;

    @TempDir
    Path directory;

    private Tap tap;
    private BootSource source;
    private Attachments attachments;
    private Path old;
    private Path saved;

    @BeforeEach
    void makeAnOldSnapshot() throws Exception {
        tap = Tap.open(TAP, false);
        source = TinyKernel.in(directory);
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);
        attachments = new Attachments(
                List.of(new Disk(disk, false)),
                Optional.of(new Net(tap, new byte[] {2, 0, 0, 0, 0, 1}, List.of(), RATE, false)));
        old = directory.resolve("old");
        saved = directory.resolve("new");
        bootAndSave(old);
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
        List<List<Faults.Fault>> plan = new ArrayList<>();
        tidy();
        try (Faults recording = Faults.none()) {
            assertThat(life()).isNull();
            recording.seen(TIMES).forEach(fault -> plan.add(List.of(fault)));
        }
        tidy();
        before = HostUse.now(directory);
        Set<String> covered = new TreeSet<>();
        List<List<Faults.Fault>> unwinding = new ArrayList<>();
        plan.forEach(faults -> faults.forEach(fault -> covered.addAll(fault.way())));
        for (List<Faults.Fault> faults : plan) {
            for (Faults.Fault seen : refuse(faults)) {
                // A call that only the way out of a failure makes: refused, too, the next time.
                if (seen.way().stream().anyMatch(site -> sites.contains(site) && covered.add(site))) {
                    unwinding.add(List.of(faults.getFirst(), seen));
                }
            }
        }
        for (List<Faults.Fault> faults : unwinding) {
            refuse(faults);
        }
        assertThat(String.join("\n\n", problems)).isEmpty();
        assertThat(plan.size()).as("calls of a life").isGreaterThan(150);
        assertThat(unwinding.size()).as("calls of a way out").isGreaterThan(2);
        sites.removeAll(covered);
        assertThat(sites)
                .as("call sites that no life of this test goes through")
                .isEmpty();
        SnapshotReader.verify(old);
        restoreFrom(old);
        closed();
    }

    /** Lives with refused calls and compares what the process has of the host's; returns the calls that were seen. */
    private List<Faults.Fault> refuse(List<Faults.Fault> faults) throws Exception {
        RuntimeException failure = null;
        boolean refused = false;
        List<Faults.Fault> seen = List.of();
        for (int attempt = 0; attempt < ATTEMPTS && !refused; attempt++) {
            try (Faults armed = Faults.of(faults)) {
                failure = life();
                refused = armed.refused();
                seen = armed.seen(1);
            }
            tidy();
        }
        String what = faults + "\nended as " + failure;
        if (!refused && !faults.getLast().function().equals("tgkill")) {
            problems.add("never came: " + what); // but a vCPU may be gone before somebody would kick it
        }
        if (failure != null
                && (!isOneOfOurs(failure)
                        || String.valueOf(failure.getMessage()).contains("\n"))) {
            problems.add("no proper answer: " + what);
        }
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

    /** A whole life; returns what ended it early, if anything did. */
    private @Nullable RuntimeException life() throws Exception {
        try {
            bootAndSave(saved);
            if (Files.exists(saved)) {
                SnapshotReader.verify(saved);
                restoreFrom(saved);
            }
            return null;
        } catch (RuntimeException e) {
            return e;
        } finally {
            closed();
        }
    }

    private void bootAndSave(Path into) throws InterruptedException {
        Guest guest = new Guest();
        try (MicroVm machine = MicroVm.boot(SHAPE, source, attachments, guest)) {
            machine.resume();
            guest.awaitGreetingOrExit();
            machine.pause();
            if (!guest.exited) {
                machine.save(into, SUBJECT);
            }
        }
    }

    private void restoreFrom(Path snapshot) {
        try (MicroVm machine = MicroVm.restore(snapshot, attachments, new Guest(), new WakeTimeline())) {
            machine.resume();
            machine.requestQuiesce();
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
        if (Files.exists(saved)) {
            SnapshotReader.verify(saved);
            SnapshotWriter.delete(saved);
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
        private volatile boolean exited;

        void awaitGreetingOrExit() throws InterruptedException {
            assertThat(heard.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            return DoorbellAnswer.CONTINUE;
        }

        @Override
        public void onConsole(byte[] bytes) {}

        @Override
        public void onKernelMessage(String line) {
            heard.countDown();
        }

        @Override
        public void onExit(MachineExit exit) {
            exited = true;
            heard.countDown();
        }
    }
}
