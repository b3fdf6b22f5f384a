package cloud.ignition.benchmarks;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.Attachments;
import cloud.ignition.vmm.BackgroundClosing;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.MicroVm;
import cloud.ignition.vmm.Shells;
import cloud.ignition.vmm.WakeTimeline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Ignition's side: restores the tiny machine through {@link MicroVm}, as a wake does, and takes it down again. */
final class RestoredMachine implements AutoCloseable {
    /** The stages of one restore, in their order. */
    enum Stage implements RestoreStage {
        /** Manifest and state are read, and there is a shell. */
        SHELL(0),
        /** Memory is mapped. */
        MAPPED(1),
        /** The machine has its devices and its state. */
        LOADED(2),
        /** The vCPU's thread enters the guest. */
        ENTERED(3),
        /** The guest's first port write. */
        RUN(4);

        private final int number;

        Stage(int number) {
            this.number = number;
        }

        @Override
        public int number() {
            return number;
        }
    }

    private static final byte[] MAC = {0x02, 0x11, 0x22, 0x33, 0x44, 0x55};

    private final Path snapshot;
    private final Tap tap;
    private final Attachments attachments;
    private final Shells pool = Shells.pooled();

    /** @param disk the file that is the machine's disk */
    RestoredMachine(Path snapshot, Path disk) {
        this.snapshot = snapshot;
        tap = Tap.open("igb" + ProcessHandle.current().pid(), false);
        attachments = new Attachments(
                List.of(new Attachments.Disk(disk, true)),
                Optional.of(new Attachments.Net(tap, MAC)),
                Optional.empty());
    }

    /** Has the pool filled before the first restore, as a daemon does for apps that sleep. */
    void expect() throws InterruptedException {
        pool.expect(snapshot, attachments);
        pool.awaitSettled();
    }

    /**
     * Restores one machine; nanoseconds from the start to the end of each stage. Returns when it is gone.
     *
     * @param pooled whether it may have a shell out of a pool that has had time to fill
     */
    long[] restore(boolean pooled) throws InterruptedException {
        pool.awaitSettled();
        Bell bell = new Bell();
        WakeTimeline timeline = new WakeTimeline();
        long start = System.nanoTime();
        try (MicroVm machine = MicroVm.restore(snapshot, attachments, bell, timeline, pooled ? pool : Shells.NONE)) {
            machine.resume();
            bell.await();
            machine.pause();
        }
        BackgroundClosing.await();
        long[] ends = new long[Stage.values().length];
        for (WakeTimeline.Entry entry : timeline.entries()) {
            switch (entry.stage()) {
                case SHELL_TAKEN -> ends[Stage.SHELL.number()] = entry.nanos() - start;
                case MEMORY_MAPPED -> ends[Stage.MAPPED.number()] = entry.nanos() - start;
                case STATE_LOADED -> ends[Stage.LOADED.number()] = entry.nanos() - start;
                case VCPU_ENTERED -> ends[Stage.ENTERED.number()] = entry.nanos() - start;
                default -> {}
            }
        }
        ends[Stage.RUN.number()] = bell.nanos - start;
        return ends;
    }

    /**
     * Restores one machine and lets it stand by again and again; nanoseconds from each packet, that is from the moment the
     * owner lets it go on, to the guest's next port write.
     */
    long[] standBy(int wakes) throws InterruptedException {
        Bell bell = new Bell();
        long[] took = new long[wakes];
        try (MicroVm machine = MicroVm.restore(snapshot, attachments, bell, new WakeTimeline(), pool)) {
            machine.resume();
            bell.await();
            for (int i = 0; i < wakes; i++) {
                machine.pause();
                WakeTimeline timeline = new WakeTimeline();
                long start = System.nanoTime();
                machine.goOn(timeline);
                bell.await();
                took[i] = bell.nanos - start;
            }
            machine.pause();
        }
        BackgroundClosing.await();
        return took;
    }

    @Override
    public void close() {
        pool.close();
        tap.close();
    }

    private static final class Bell implements MachineListener {
        final Semaphore rung = new Semaphore(0);
        volatile long nanos;
        volatile String exit = "it still runs";

        void await() throws InterruptedException {
            if (!rung.tryAcquire(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the guest did not ring: " + exit);
            }
        }

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            nanos = System.nanoTime();
            rung.release();
            return DoorbellAnswer.HOLD;
        }

        @Override
        public void onExit(MachineExit ended) {
            exit = ended.toString();
            rung.release();
        }
    }
}
