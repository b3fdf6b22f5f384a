package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.network.AddressPool;
import cloud.ignition.daemon.state.StateDirectory;
import cloud.ignition.oci.Image;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.RuntimeConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The life of an app on machines that are none and without the host's network: run, asleep, woken by a packet, idle, asleep. All that decides
 * about it is real, and so are its files. For the training run of the start-up cache: what was linked there need not be when the
 * first app of a daemon wakes, which took a third of that wake.
 */
public final class Rehearsal implements AutoCloseable {
    /** Behind the work that is put off until a wake is over. */
    private static final IdlePolicy IDLE =
            new IdlePolicy(Limits.WAKE_LOG_DELAY.plusMillis(200), Duration.ZERO, OnIdle.SUSPEND);

    private static final String NAME = "rehearsed";

    private final StateDirectory state;
    private final RehearsedNetwork network = new RehearsedNetwork();
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final ApplicationService apps;

    private Rehearsal(Path directory, StateDirectory state) {
        this.state = state;
        Services services = new Services(
                state,
                network,
                new RehearsedMachines(pool, network::machineClosed),
                pool,
                pool,
                timer,
                new Standbys(System::nanoTime),
                Services.Timeouts.DEFAULT);
        apps = new ApplicationService(
                services,
                AddressPool.parse("10.88.0.0/16"),
                (reference, always, progress) -> image(directory, reference));
    }

    /** @param directory for its files; the caller deletes it afterwards */
    public static Rehearsal open(Path directory) {
        return new Rehearsal(directory, StateDirectory.open(directory));
    }

    private static Image image(Path directory, String reference) {
        RuntimeConfig config =
                new RuntimeConfig(List.of(), List.of("server"), List.of(), "/", "", Set.of(), 3, Map.of(), Set.of());
        return new Image(
                ImageReference.parse(reference),
                "sha256:" + "0".repeat(64),
                directory.resolve("root.squashfs"),
                config,
                0,
                Instant.EPOCH);
    }

    /**
     * Runs the app and wakes it; when this returns it sleeps.
     *
     * @param wakes how many times it is woken
     */
    public void play(int wakes) throws InterruptedException {
        var _ = apps.run(AppSpec.of(NAME, "localhost/rehearsed").withIdle(IDLE), Progress.NONE);
        for (int i = 0; i < wakes; i++) {
            network.packet();
        }
        network.awaitAsleep();
    }

    /** The apps of the rehearsal. */
    public Applications applications() {
        return apps;
    }

    @Override
    public void close() {
        apps.shutdown();
        timer.shutdownNow();
        pool.shutdownNow();
        state.close();
    }
}
