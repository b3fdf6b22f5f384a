package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.vmm.Activity;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.Reclaimed;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Machines without KVM, driven by the test; they check that they are used in a legal order. */
final class FakeMachines implements MachineFactory {
    static final Reclaimed RECLAIMED = new Reclaimed(8192, 16384, 0);

    final BlockingQueue<Fake> made = new LinkedBlockingQueue<>();
    final List<Fake> all = new ArrayList<>();
    volatile @Nullable RuntimeException bootFailure;
    volatile @Nullable RuntimeException restoreFailure;
    volatile Runnable duringCompaction = () -> {};

    /** The next machine that is made, waiting for it. */
    Fake next() throws InterruptedException {
        Fake fake = made.poll(20, TimeUnit.SECONDS);
        if (fake == null) {
            throw new AssertionError("no machine was made");
        }
        return fake;
    }

    private Fake make(MachineListener listener, boolean booted, String memory) {
        Fake fake = new Fake(listener, booted, memory);
        synchronized (all) {
            all.add(fake);
        }
        made.add(fake);
        return fake;
    }

    /** How many are open now. */
    long open() {
        synchronized (all) {
            return all.stream().filter(fake -> !fake.closed).count();
        }
    }

    @Override
    public void require(AppSpec spec) {
        if (!spec.cpu().isNone()) {
            throw UserException.unavailable("no limits here");
        }
    }

    @Override
    public Machine boot(MachinePlan plan, MachineListener listener) {
        if (bootFailure != null) {
            throw bootFailure;
        }
        return make(listener, true, "fresh");
    }

    @Override
    public Machine restore(Path snapshot, MachinePlan plan, MachineListener listener, WakeTimeline timeline) {
        if (restoreFailure != null) {
            throw restoreFailure;
        }
        try {
            String memory = Files.readString(snapshot.resolve("memory"));
            if (memory.isEmpty()) {
                throw new SnapshotRefusedException(snapshot + " is damaged");
            }
            timeline.mark(WakeTimeline.Stage.MEMORY_MAPPED);
            return make(listener, false, memory);
        } catch (IOException e) {
            throw new SnapshotRefusedException(snapshot + " is damaged: " + e.getMessage());
        }
    }

    @Override
    public String kernelDigest() {
        return "sha256:kernel";
    }

    @Override
    public SnapshotSubject subject(MachinePlan plan) {
        return new SnapshotSubject(Map.of("image", plan.launch().imageDigest()));
    }

    @Override
    public void check(Path snapshot, MachinePlan plan) {
        if (!Files.exists(snapshot.resolve("memory"))) {
            throw new SnapshotRefusedException(snapshot + " has no memory file");
        }
    }

    @Override
    public boolean compact(Path from, Path to, BooleanSupplier givenUp) {
        duringCompaction.run();
        if (givenUp.getAsBoolean()) {
            return false;
        }
        try {
            Files.createDirectory(to);
            Files.writeString(to.resolve("memory"), Files.readString(from.resolve("memory")) + ", compacted");
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One machine. */
    static final class Fake implements Machine {
        final boolean booted;
        final BlockingQueue<String> calls = new LinkedBlockingQueue<>();
        private final MachineListener listener;
        volatile String memory;
        volatile boolean running;
        volatile boolean closed;
        volatile boolean answersQuiesce = true;
        volatile boolean saveFails;
        volatile int atWork;
        final AtomicInteger workingSetsNoted = new AtomicInteger();
        volatile long changedBytes;
        volatile Runnable duringSave = () -> {};
        volatile boolean savesOnlyAtRest;
        private volatile boolean atDoorbell;

        /** Held by the vCPU while it rings: who pauses the machine waits until it is held there. */
        private final Object vcpu = new Object();

        volatile long lastPacketNanos;
        volatile long cpuNanos;

        Fake(MachineListener listener, boolean booted, String memory) {
            this.listener = listener;
            this.booted = booted;
            this.memory = memory;
        }

        // ---- what the guest does ----

        DoorbellAnswer ring(Doorbell.Kind kind) {
            synchronized (vcpu) {
                DoorbellAnswer answer = listener.onDoorbell(new Doorbell(kind, 80, 42, "test", atWork));
                if (answer == DoorbellAnswer.HOLD) {
                    running = false;
                    atDoorbell = true;
                }
                return answer;
            }
        }

        void print(String text) {
            listener.onConsole(text.getBytes(StandardCharsets.UTF_8));
        }

        void kernel(String line) {
            listener.onKernelMessage(line);
        }

        void end(MachineExit.Kind kind) {
            running = false;
            listener.onExit(new MachineExit(kind, "test"));
        }

        /** The next call of the supervisor, waiting for it. */
        String call() throws InterruptedException {
            String call = calls.poll(20, TimeUnit.SECONDS);
            if (call == null) {
                throw new AssertionError("nothing was asked of the machine");
            }
            return call;
        }

        void expect(String... expected) throws InterruptedException {
            for (String one : expected) {
                String call = call();
                if (!call.equals(one)) {
                    throw new AssertionError("expected " + one + " but the supervisor called " + call);
                }
            }
        }

        // ---- what the supervisor does ----

        private void called(String what) {
            if (closed) {
                throw new IllegalStateException(what + " on a closed machine");
            }
            calls.add(what);
        }

        @Override
        public void resume() {
            running = true;
            atDoorbell = false;
            called("resume");
        }

        @Override
        public void goOn(WakeTimeline timeline) {
            running = true;
            atDoorbell = false;
            timeline.mark(WakeTimeline.Stage.VCPU_ENTERED);
            called("go on");
        }

        @Override
        public void pause() {
            synchronized (vcpu) {
                running = false;
            }
            called("pause");
        }

        @Override
        public void requestQuiesce() {
            called("quiesce");
            if (answersQuiesce) {
                Thread.ofVirtual().start(() -> ring(Doorbell.Kind.QUIESCED));
            }
        }

        @Override
        public boolean savesOnlyAtRest() {
            return savesOnlyAtRest;
        }

        @Override
        public Optional<Snapshot> save(Path directory, SnapshotSubject subject, BooleanSupplier givenUp) {
            if (running) {
                throw new IllegalStateException("saved while running");
            }
            if (savesOnlyAtRest && !atDoorbell) {
                throw new IllegalStateException("saved in the middle of something");
            }
            called("save");
            duringSave.run();
            if (givenUp.getAsBoolean()) {
                return Optional.empty();
            }
            if (saveFails) {
                throw new UncheckedIOException(new IOException("No space left on device"));
            }
            try {
                Files.createDirectory(directory);
                Files.writeString(directory.resolve("memory"), memory);
                return Optional.of(new Snapshot(new MachineShape(1, 64L << 20), subject, 4096, changedBytes));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void noteWorkingSet() {
            workingSetsNoted.incrementAndGet();
        }

        @Override
        public void sendConsole(byte[] bytes) {
            called("console " + new String(bytes, StandardCharsets.UTF_8).strip());
        }

        @Override
        public Activity activity() {
            return new Activity(0, 0, 0, 0, lastPacketNanos, cpuNanos);
        }

        @Override
        public long residentBytes() {
            return 4096;
        }

        @Override
        public Reclaimed reclaimed() {
            return RECLAIMED;
        }

        @Override
        public void close() {
            if (!closed) {
                calls.add("close");
            }
            closed = true;
            running = false;
        }
    }
}
