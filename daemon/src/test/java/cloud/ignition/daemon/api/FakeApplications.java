package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.LogSink;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.app.WakeReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** Apps without machines: keeps what it is told; what running and logging do is given by each test. */
final class FakeApplications implements Applications {
    static final Instant TIME = Instant.parse("2026-11-23T10:00:00Z");

    /** What a run does before the app sleeps. */
    interface Boot {
        void run(AppSpec spec, Progress progress);
    }

    /** What asking for logs does. */
    interface Logs {
        void give(String name, boolean follow, int tail, LogSink sink);
    }

    final Map<String, AppView> apps = new ConcurrentSkipListMap<>();
    Boot boot = (spec, progress) -> {};
    Logs logs = (name, follow, tail, sink) -> {};
    Optional<Duration> grace = Optional.empty();
    Optional<Boolean> forced = Optional.empty();

    static AppView view(AppSpec spec, AppState state) {
        WakeReport wake = new WakeReport(
                TIME,
                false,
                List.of(new WakeReport.Stage("packet-seen", 0), new WakeReport.Stage("first-packet-out", 4_500_000)));
        return new AppView(
                spec.name(),
                "id-" + spec.name(),
                spec.image(),
                "sha256:abc",
                state,
                "",
                spec,
                "10.88.0.2",
                Path.of("/state/apps/id-" + spec.name() + "/vsock"),
                TIME,
                TIME,
                state == AppState.RUNNING ? 1 << 20 : 0,
                0,
                state == AppState.RUNNING ? 3 << 20 : 0,
                64 << 20,
                List.of("/var/lib/ignition/apps/id/snapshots/refused-1"),
                1,
                1,
                state == AppState.EXITED ? Optional.of(3) : Optional.empty(),
                state == AppState.FAILED
                        ? Optional.of(new GuestEnd(GuestEnd.Kind.PANIC, List.of("Kernel panic - not syncing: test")))
                        : Optional.empty(),
                List.of(wake));
    }

    void put(String name, AppState state) {
        apps.put(name, view(AppSpec.of(name, "image"), state));
    }

    @Override
    public AppView run(AppSpec spec, Progress progress) {
        boot.run(spec, progress);
        AppView view = view(spec, AppState.SLEEPING);
        apps.put(spec.name(), view);
        return view;
    }

    @Override
    public List<AppView> list() {
        return List.copyOf(apps.values());
    }

    @Override
    public AppView inspect(String name) {
        AppView view = apps.get(name);
        if (view == null) {
            throw UserException.notFound("no app '" + name + "'; see: ignition ps");
        }
        return view;
    }

    @Override
    public AppView stop(String name, Duration given) {
        grace = Optional.of(given);
        AppView stopped = view(inspect(name).spec(), AppState.STOPPED);
        apps.put(name, stopped);
        return stopped;
    }

    @Override
    public AppView start(String name, Progress progress) {
        return run(inspect(name).spec(), progress);
    }

    @Override
    public void remove(String name, boolean force) {
        inspect(name);
        forced = Optional.of(force);
        apps.remove(name);
    }

    @Override
    public void logs(String name, boolean follow, int tail, LogSink sink) {
        inspect(name);
        logs.give(name, follow, tail, sink);
    }
}
