package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.LinuxException;
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
    private static final SnapshotSubject SUBJECT = new SnapshotSubject(Map.of());

    /** How often one way is refused, first, second … time: the vCPUs, queues and lines of one machine. */
    private static final int TIMES = 3;

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
                List.of(new Disk(disk, false)), Optional.of(new Net(tap, new byte[] {2, 0, 0, 0, 0, 1})));
        old = directory.resolve("old");
        saved = directory.resolve("new");
        bootAndSave(old);
        closed();
    }

    @AfterEach
    void removeTheTap() {
        tap.close();
    }

    @Test
    void everyRefusedCallUnwindsCompletely() throws Exception {
        List<Faults.Fault> faults;
        tidy();
        try (Faults recording = Faults.none()) {
            assertThat(life()).isNull();
            faults = recording.seen(TIMES);
        }
        tidy();
        HostUse before = HostUse.now(directory);
        Set<String> covered = new TreeSet<>();
        List<String> problems = new ArrayList<>();
        for (Faults.Fault fault : faults) {
            boolean refused;
            RuntimeException failure;
            try (Faults armed = Faults.of(fault)) {
                failure = life();
                refused = armed.refused();
            }
            String what = fault + "\nended as " + failure;
            if (!refused) {
                problems.add("never came: " + what);
            }
            if (failure != null
                    && (!isOneOfOurs(failure)
                            || String.valueOf(failure.getMessage()).contains("\n"))) {
                problems.add("no proper answer: " + what);
            }
            tidy();
            HostUse after = HostUse.now(directory);
            if (!after.equals(before)) {
                problems.add("left behind: " + what + "\n" + after.differsFrom(before));
                before = after;
            }
            covered.addAll(fault.way());
        }
        System.out.println(faults.size() + " faults, " + covered.size() + " frames");
        Set<String> missing = new TreeSet<>(CallSites.all());
        missing.removeAll(covered);
        missing.forEach(System.out::println);
        assertThat(String.join("\n\n", problems)).isEmpty();
        SnapshotReader.verify(old);
        restoreFrom(old);
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
