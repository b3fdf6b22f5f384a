package cloud.ignition.cli;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogSink;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.app.WakeReport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/** What the API asks when there are no machines: one log for all apps, one outcome for all runs. */
final class FakeDaemon implements Applications {
    static final Instant TIME = Instant.parse("2026-11-23T10:00:00Z");

    final Map<String, AppView> apps = new ConcurrentSkipListMap<>();
    final Map<String, ImageView> images = new ConcurrentSkipListMap<>();
    final List<LogLine> log = new ArrayList<>();
    final List<String> calls = new ArrayList<>();
    AppState outcome = AppState.SLEEPING;
    Optional<UserException> failure = Optional.empty();

    @Override
    public AppView run(AppSpec spec, Progress progress) {
        calls.add("run " + spec);
        progress.step("pulling " + spec.image());
        failure.ifPresent(e -> {
            throw e;
        });
        progress.step("booting");
        return put(spec, outcome);
    }

    AppView put(AppSpec spec, AppState state) {
        AppView view = new AppView(
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
                state == AppState.RUNNING ? 37L << 20 : 0,
                0,
                0,
                64L << 20,
                List.of(),
                2,
                1,
                state == AppState.EXITED ? Optional.of(3) : Optional.empty(),
                state == AppState.FAILED
                        ? Optional.of(new GuestEnd(GuestEnd.Kind.PANIC, List.of("Kernel panic - not syncing: test")))
                        : Optional.empty(),
                List.of(new WakeReport(
                        TIME,
                        false,
                        List.of(
                                new WakeReport.Stage("packet-seen", 0),
                                new WakeReport.Stage("memory-mapped", 810_000),
                                new WakeReport.Stage("first-packet-out", 4_500_000)))));
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
    public AppView stop(String name, Duration grace) {
        AppView view = inspect(name);
        calls.add("stop " + name + " " + grace.toMillis());
        return put(view.spec(), AppState.STOPPED);
    }

    @Override
    public AppView start(String name, Progress progress) {
        progress.step("booting");
        return put(inspect(name).spec(), outcome);
    }

    @Override
    public void remove(String name, boolean force) {
        inspect(name);
        calls.add("remove " + name + " " + force);
        apps.remove(name);
    }

    @Override
    public void logs(String name, boolean follow, int tail, LogSink sink) {
        inspect(name);
        calls.add("logs " + name + " " + follow + " " + tail);
        log.forEach(sink::line);
        while (follow && sink.isOpen()) {
            Thread.onSpinWait();
        }
    }

    /** The images beside the apps. */
    Images asImages() {
        return new Images() {
            @Override
            public ImageView pull(String reference, boolean always, Progress progress) {
                progress.step("layer 1 of 1");
                ImageView image = new ImageView(reference, "sha256:abc", 20 << 20);
                images.put(reference, image);
                return image;
            }

            @Override
            public List<ImageView> list() {
                return List.copyOf(images.values());
            }

            @Override
            public void remove(String reference) {
                if (images.remove(reference) == null) {
                    throw UserException.notFound("no image '" + reference + "'; see: ignition images");
                }
            }
        };
    }
}
