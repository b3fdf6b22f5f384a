package cloud.ignition.vmm;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.warmup.BuiltInGuest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Walks the way of a wake with a built-in guest, again and again, until the JVM has loaded and compiled what is on it: a first
 * wake else takes ten times as long as a later one. The same methods, the same pool, real calls to KVM; only the guest is tiny.
 */
public final class WarmUp {
    private static final byte[] MAC = {0x02, 0, 0, 0, 0, 0x01};
    private static final MachineShape SHAPE = new MachineShape(1, Limits.MIN_MEMORY_BYTES);

    /**
     * What it came to.
     *
     * @param restores how many times the guest was restored
     * @param firstNanos how long the first restore took, to the guest's second ring; 0 when there was none
     * @param lastNanos how long the last one took
     */
    public record Result(int restores, long firstNanos, long lastNanos) {}

    private final Path directory;
    private final Attachments attachments;

    private WarmUp(Path directory, Optional<Tap> tap, Optional<VsockHub> vsock) {
        this.directory = directory;
        attachments = new Attachments(
                List.of(new Attachments.Disk(directory.resolve("disk"), true)),
                tap.map(device -> new Attachments.Net(device, MAC)),
                vsock);
    }

    /**
     * Saves the guest and restores it until it is enough. What is in the directory afterwards is nobody's any more.
     *
     * @param directory empty, for a snapshot of less than 1 MiB
     * @param tap for the guest's network card, a device of nobody else's that is not up; without one the way of a packet
     *     stays as it is
     * @param most how many times it is restored
     * @param mayGoOn asked before each time
     * @throws cloud.ignition.linux.LinuxException when the host refuses
     * @throws UncheckedIOException when the directory cannot be written
     * @throws IllegalStateException when the guest does not do what it is made for
     */
    public static Result run(Path directory, Optional<Tap> tap, int most, BooleanSupplier mayGoOn)
            throws InterruptedException {
        Path socket = directory.resolve("vsock");
        if (!VsockHub.fits(socket)) {
            return run(new WarmUp(directory, tap, Optional.empty()), most, mayGoOn);
        }
        try (VsockHub vsock = VsockHub.open(socket)) {
            return run(new WarmUp(directory, tap, Optional.of(vsock)), most, mayGoOn);
        }
    }

    private static Result run(WarmUp warmUp, int most, BooleanSupplier mayGoOn) throws InterruptedException {
        // A pool of its own: what is learnt of the guest's wakes says nothing of those of others.
        try (Shells shells = Shells.pooled()) {
            Path snapshot = warmUp.save(shells);
            int restores = 0;
            long first = 0;
            long last = 0;
            while (restores < most && mayGoOn.getAsBoolean()) {
                Optional<Path> changed =
                        restores == 0 ? Optional.of(warmUp.directory.resolve("changed")) : Optional.empty();
                last = warmUp.restore(snapshot, shells, changed);
                first = restores++ == 0 ? last : first;
            }
            return new Result(restores, first, last);
        }
    }

    private Path save(Shells shells) throws InterruptedException {
        Path snapshot = directory.resolve("snapshot");
        try {
            Path kernel = Files.write(directory.resolve("kernel"), BuiltInGuest.kernel(MAC));
            Path initramfs = Files.write(directory.resolve("initramfs"), new byte[4]);
            Files.write(directory.resolve("disk"), new byte[4096]);
            BootSource source =
                    new BootSource(kernel, initramfs, new byte[0], new DoorbellTrigger.FirstListen(), List.of());
            Bell bell = new Bell();
            try (MicroVm machine = MicroVm.boot(SHAPE, source, attachments, bell, shells)) {
                machine.resume();
                bell.await();
                machine.pause();
                machine.save(snapshot, new SnapshotSubject(Map.of()));
            }
            return snapshot;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param changed where to save what it became, as a restored machine is saved, for nobody */
    private long restore(Path snapshot, Shells shells, Optional<Path> changed) throws InterruptedException {
        Bell bell = new Bell();
        long start = System.nanoTime();
        try (MicroVm machine = MicroVm.restore(snapshot, attachments, bell, new WakeTimeline(), shells)) {
            machine.resume();
            bell.await();
            long took = System.nanoTime() - start;
            machine.pause();
            changed.ifPresent(target -> {
                var _ = machine.save(target, new SnapshotSubject(Map.of()));
            });
            return took;
        }
    }

    /** Hears one ring. */
    private static final class Bell implements MachineListener {
        private final Semaphore rung = new Semaphore(0);
        private volatile String exit = "it still runs";

        void await() throws InterruptedException {
            if (!rung.tryAcquire(Limits.WARM_UP_PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the built-in guest did not ring: " + exit);
            }
        }

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            rung.release();
            return DoorbellAnswer.HOLD;
        }

        @Override
        public void onExit(MachineExit ended) {
            exit = ended.toString();
        }

        @Override
        public void onDeviceFailure(String device, String reason) {
            exit = device + " waits for a reset: " + reason;
        }
    }
}
