package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.NetLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.network.AddressPool;
import cloud.ignition.daemon.state.StateDirectory;
import cloud.ignition.oci.Image;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.RuntimeConfig;
import cloud.ignition.vmm.Doorbell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** A daemon's lifecycle on fake machines and a fake network, with the real state directory. */
final class Bench implements AutoCloseable {
    static final Services.Timeouts QUICK = new Services.Timeouts(
            Duration.ofMinutes(1), Duration.ofMillis(1500), Duration.ofMillis(20), Duration.ofMillis(20));

    final FakeMachines machines = new FakeMachines();
    final FakeNetwork network = new FakeNetwork();
    final Standbys standbys = new Standbys(System::nanoTime);
    final StateDirectory state;
    final ApplicationService apps;
    private final Path root;
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    Bench(Path root) {
        this(root, QUICK);
    }

    Bench(Path root, Services.Timeouts timeouts) {
        this.root = root;
        state = StateDirectory.open(root.resolve("state"));
        Services services = new Services(state, network, machines, pool, pool, timer, standbys, timeouts);
        apps = new ApplicationService(services, AddressPool.parse("10.88.0.0/16"), this::image);
        StateDirectory.Adopted adopted = state.adopt();
        if (!adopted.complaints().isEmpty()) {
            throw new AssertionError(adopted.complaints());
        }
        adopted.apps().forEach(apps::adopt);
    }

    private Image image(String reference, boolean always, Progress progress) {
        if (reference.equals("missing")) {
            throw UserException.notFound("image 'missing' does not exist");
        }
        try {
            Path file = root.resolve("root.sqfs");
            Files.writeString(file, "image");
            RuntimeConfig config = new RuntimeConfig(
                    List.of(), List.of("server"), List.of(), "/", "", Set.of(), 3, Map.of(), Set.of());
            return new Image(
                    ImageReference.parse(reference), "sha256:" + "0".repeat(64), file, config, 5, Instant.EPOCH);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static AppSpec spec(String name, Duration idleAfter, OnIdle onIdle, String... ports) {
        return spec(name, new IdlePolicy(idleAfter, Duration.ZERO, onIdle), ports);
    }

    static AppSpec spec(String name, IdlePolicy idle, String... ports) {
        AppSpec plain = AppSpec.of(name, "localhost/nginx");
        return new AppSpec(
                name,
                plain.image(),
                1,
                plain.memoryBytes(),
                CpuLimit.NONE,
                NetLimit.NONE,
                List.of(ports).stream().map(PortMapping::parse).toList(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                SnapshotTrigger.FIRST_LISTEN,
                idle,
                false);
    }

    /** Runs an app on a thread of its own. */
    CompletableFuture<AppView> runLater(AppSpec spec) {
        return CompletableFuture.supplyAsync(() -> apps.run(spec, Progress.NONE), pool);
    }

    /** Runs an app up to its first sleep; gives the machine it was booted on. */
    FakeMachines.Fake runToSleep(AppSpec spec) throws InterruptedException {
        CompletableFuture<AppView> run = runLater(spec);
        FakeMachines.Fake machine = machines.next();
        machine.expect("resume");
        machine.ring(Doorbell.Kind.LISTEN);
        machine.expect("pause", "save", "close");
        AppView view = run.join();
        if (view.state() != AppState.SLEEPING) {
            throw new AssertionError("the app is " + view);
        }
        return machine;
    }

    /** Waits until an app is in a state: its machine's calls come a little before. */
    AppView await(String name, AppState wanted) throws InterruptedException {
        AppView view = apps.inspect(name);
        for (long end = System.nanoTime() + 20_000_000_000L; view.state() != wanted; view = apps.inspect(name)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("app " + name + " did not become " + wanted + " but is " + view);
            }
            Thread.sleep(1);
        }
        return view;
    }

    /** The daemon is killed: nothing is told to anybody, the state directory's lock is free. */
    void kill() {
        state.close();
        timer.shutdownNow();
        pool.shutdownNow();
    }

    @Override
    public void close() {
        apps.shutdown();
        kill();
    }
}
