package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppNames;
import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.LogSink;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.image.ImageSource;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.image.LaunchResolver;
import cloud.ignition.daemon.network.AddressPool;
import cloud.ignition.daemon.state.AppRecord;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@link Applications} on one {@link AppSupervisor} for each app. */
final class ApplicationService implements Applications {
    private static final System.Logger LOG = System.getLogger(ApplicationService.class.getName());
    private static final int ID_BYTES = 6;

    private final Services services;
    private final AddressPool pool;
    private final ImageSource images;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, AppSupervisor> byName = new ConcurrentHashMap<>();

    ApplicationService(Services services, AddressPool pool, ImageSource images) {
        this.services = services;
        this.pool = pool;
        this.images = images;
    }

    /** Takes over an app of a former daemon; complaints are logged. */
    void adopt(AppRecord record) {
        String name = record.spec().name();
        if (byName.containsKey(name) || !pool.claim(record.addressIndex())) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "app " + name + " (" + record.id() + ") is ignored: its name or its address, number "
                            + record.addressIndex() + " of " + pool + ", is not free; start the daemon with the"
                            + " --network it had");
            return;
        }
        AppSupervisor app = new AppSupervisor(services, record, pool.address(record.addressIndex()));
        byName.put(name, app);
        finish(app.adopt());
    }

    @Override
    public AppView run(AppSpec wanted, Progress progress) {
        services.machines().require(wanted);
        AppSupervisor app = create(wanted);
        boolean booted = false;
        try {
            launch(app, progress, true);
            booted = true;
            return app.view();
        } finally {
            // What never ran leaves nothing behind; what ran and ended is kept for its log.
            if (!booted && app.view().coldBoots() == 0) {
                forget(app);
            }
        }
    }

    private synchronized AppSupervisor create(AppSpec wanted) {
        String name = wanted.name().isEmpty() ? AppNames.generate(random, byName::containsKey) : wanted.name();
        if (byName.containsKey(name)) {
            throw UserException.conflict("app name '" + name + "' is taken; choose another or remove that app first");
        }
        AppSpec spec = wanted.withName(name);
        services.network().reserve(name, spec.ports());
        int index = -1;
        try {
            index = pool.allocate();
            Instant now = Instant.now();
            AppRecord record = new AppRecord(
                    newId(),
                    spec,
                    index,
                    now,
                    AppRecord.Phase.CREATED,
                    now,
                    "",
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    "",
                    0,
                    0);
            services.state().write(record);
            AppSupervisor app = new AppSupervisor(services, record, pool.address(index));
            byName.put(name, app);
            return app;
        } catch (RuntimeException e) {
            services.network().release(name);
            if (index >= 0) {
                pool.release(index);
            }
            throw e;
        }
    }

    private String newId() {
        byte[] id = new byte[ID_BYTES];
        random.nextBytes(id);
        return HexFormat.of().formatHex(id);
    }

    private void launch(AppSupervisor app, Progress progress, boolean fetch) {
        AppView view = app.view();
        finish(app.beginPull());
        Launch launch;
        try {
            Optional<Launch> known = app.launch().filter(former -> Files.isReadable(former.rootImage()));
            if (fetch || known.isEmpty()) {
                progress.step("fetching image " + view.image());
                launch = LaunchResolver.resolve(
                        view.spec(), images.fetch(view.image(), view.spec().pullAlways(), progress));
            } else {
                launch = known.get();
            }
        } catch (RuntimeException e) {
            app.pullFailed(String.valueOf(e.getMessage()));
            throw e;
        }
        StartWaiter waiter = new StartWaiter();
        app.boot(launch, waiter);
        waiter.await(progress);
    }

    @Override
    public List<AppView> list() {
        return byName.values().stream()
                .map(AppSupervisor::view)
                .sorted(Comparator.comparing(AppView::name))
                .toList();
    }

    @Override
    public AppView inspect(String name) {
        return find(name).view();
    }

    @Override
    public AppView stop(String name, Duration grace) {
        AppSupervisor app = find(name);
        finish(app.stop(grace));
        return app.view();
    }

    @Override
    public AppView start(String name, Progress progress) {
        AppSupervisor app = find(name);
        AppView view = app.view();
        if (view.state() == AppState.SLEEPING || view.state().hasMachine()) {
            return view;
        }
        services.network().reserve(view.name(), view.spec().ports());
        launch(app, progress, view.spec().pullAlways());
        return app.view();
    }

    @Override
    public void remove(String name, boolean force) {
        AppSupervisor app = find(name);
        AppView view = app.view();
        boolean up = view.state() == AppState.SLEEPING || view.state().hasMachine();
        if (up && !force) {
            throw UserException.conflict(
                    "app " + view.name() + " is " + view.state().word() + "; stop it first or remove it with --force");
        }
        forget(app);
    }

    private synchronized void forget(AppSupervisor app) {
        AppView view = app.view();
        if (byName.get(view.name()) == app) {
            finish(app.remove());
            byName.remove(view.name());
            pool.release(app.address().index());
        }
    }

    @Override
    public void logs(String name, boolean follow, int tail, LogSink sink) {
        find(name).log().read(follow, tail, sink);
    }

    /** Whether an app, in whatever state, was booted from an image. */
    boolean uses(String imageDigest) {
        return list().stream().anyMatch(app -> app.imageDigest().equals(imageDigest));
    }

    /** Suspends all apps at once and waits for them. */
    void shutdown() {
        List<CompletableFuture<?>> all = new ArrayList<>();
        byName.values().forEach(app -> all.add(app.shutdown()));
        try {
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                    .get(Limits.SHUTDOWN_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            LOG.log(System.Logger.Level.WARNING, "some apps could not be saved in time; they wake as last saved");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException e) {
            LOG.log(System.Logger.Level.ERROR, "shutting down", e);
        }
    }

    private AppSupervisor find(String name) {
        AppSupervisor app = byName.get(name);
        if (app != null) {
            return app;
        }
        return byName.values().stream()
                .filter(candidate -> candidate.view().id().equals(name))
                .findFirst()
                .orElseThrow(() -> UserException.notFound("there is no app '" + name + "'; 'ignition ps' lists all"));
    }

    private static void finish(CompletableFuture<?> future) {
        try {
            future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}
