package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.vmm.Activity;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.Reclaimed;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** Machines that only say what a guest says: ready behind a boot, at rest when asked, a line of output each time. */
final class RehearsedMachines implements MachineFactory {
    private static final MachineShape SHAPE = new MachineShape(1, 64L << 20);
    private final Executor vcpus;
    private final Runnable onClosed;

    /**
     * @param vcpus run what a vCPU's thread would
     * @param onClosed told of each machine that is closed
     */
    RehearsedMachines(Executor vcpus, Runnable onClosed) {
        this.vcpus = vcpus;
        this.onClosed = onClosed;
    }

    @Override
    public void require(AppSpec spec) {}

    @Override
    public Machine boot(MachinePlan plan, MachineListener listener) {
        return new Rehearsed(listener, true);
    }

    @Override
    public Machine restore(Path snapshot, MachinePlan plan, MachineListener listener, WakeTimeline timeline) {
        for (WakeTimeline.Stage stage : WakeTimeline.Stage.values()) {
            timeline.mark(stage);
        }
        return new Rehearsed(listener, false);
    }

    @Override
    public String kernelDigest() {
        return "sha256:" + "0".repeat(64);
    }

    @Override
    public SnapshotSubject subject(MachinePlan plan) {
        return new SnapshotSubject(Map.of());
    }

    @Override
    public void check(Path snapshot, MachinePlan plan) {}

    @Override
    public boolean compact(Path from, Path to, BooleanSupplier givenUp) {
        return false;
    }

    private final class Rehearsed implements Machine {
        private final MachineListener listener;
        private final boolean booted;

        Rehearsed(MachineListener listener, boolean booted) {
            this.listener = listener;
            this.booted = booted;
        }

        private void ring(Doorbell.Kind kind) {
            vcpus.execute(() -> {
                var _ = listener.onDoorbell(new Doorbell(kind, 80, 1, "rehearsed", 0));
            });
        }

        @Override
        public void resume() {
            listener.onConsole("a line\n".getBytes(StandardCharsets.UTF_8));
            if (booted) {
                ring(Doorbell.Kind.LISTEN);
            }
        }

        @Override
        public void goOn(WakeTimeline timeline) {
            resume();
        }

        @Override
        public void pause() {}

        @Override
        public void requestQuiesce() {
            ring(Doorbell.Kind.QUIESCED);
        }

        @Override
        public boolean savesOnlyAtRest() {
            return false;
        }

        @Override
        public Optional<Snapshot> save(Path directory, SnapshotSubject subject, BooleanSupplier givenUp) {
            try {
                Files.createDirectory(directory);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return Optional.of(new Snapshot(SHAPE, subject, 0, 0));
        }

        @Override
        public void noteWorkingSet() {}

        @Override
        public void sendConsole(byte[] bytes) {}

        @Override
        public Activity activity() {
            return new Activity(0, 0, 0, 0, 0, 0);
        }

        @Override
        public long residentBytes() {
            return 0;
        }

        @Override
        public Reclaimed reclaimed() {
            return Reclaimed.NOTHING;
        }

        @Override
        public void close() {
            onClosed.run();
        }
    }
}
