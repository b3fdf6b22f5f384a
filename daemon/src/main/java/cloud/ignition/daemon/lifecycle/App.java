package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.Link;
import cloud.ignition.daemon.state.AppLog;
import cloud.ignition.daemon.state.AppRecord;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.daemon.state.SnapshotShelf;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.Reclaimed;
import cloud.ignition.vmm.VsockHub;
import cloud.ignition.vmm.WakeTimeline;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One app's own things, shared by the parts that decide about it: its record, its machine, its link, its deadline, who waits for it.
 * Owned by the mailbox; only {@link #view}, {@link #launch} and {@link #state} may be called from elsewhere, as they read what was
 * published in one volatile field.
 */
final class App {
    final Services services;
    final AppAddress address;
    final Mailbox mailbox;
    final AppLog log;
    final SnapshotShelf shelf;
    final WakeHistory wakeHistory = new WakeHistory();
    final List<CompletableFuture<?>> stoppers = new ArrayList<>();
    AppRecord record;

    @Nullable
    Link link;

    @Nullable
    Session session;

    @Nullable
    StartWaiter starter;

    @Nullable
    CompletableFuture<?> shutdown;

    /** While its machine stands by. */
    Standbys.@Nullable Place place;

    private final Session.Owner owner;
    private final Runnable onPacket;
    private @Nullable VsockHub vsock;
    private @Nullable Future<?> deadline;
    private boolean heldBack;
    private volatile Published published;

    /** What others may see. */
    private record Published(
            AppRecord record,
            AppState state,
            Instant since,
            @Nullable Session session) {}

    /**
     * @param owner told what machines say
     * @param onPacket told, on the network loop, that a packet waits for the sleeping app
     * @param onBug told, on the mailbox, what a task let out
     */
    App(
            Services services,
            AppRecord record,
            AppAddress address,
            Session.Owner owner,
            Runnable onPacket,
            Consumer<RuntimeException> onBug) {
        this.services = services;
        this.record = record;
        this.address = address;
        this.owner = owner;
        this.onPacket = onPacket;
        this.mailbox = new Mailbox(services.pool(), onBug);
        this.log = new AppLog(services.state().app(record.id()));
        this.shelf = new SnapshotShelf(services.state().app(record.id()));
        AppState state = switch (record.phase()) {
            case CREATED, UP -> AppState.CREATED;
            case STOPPED -> AppState.STOPPED;
            case EXITED -> AppState.EXITED;
            case FAILED -> AppState.FAILED;
        };
        this.published = new Published(record, state, record.phaseSince(), null);
    }

    /** The app as it is now. */
    AppView view() {
        Published now = published;
        AppRecord app = now.record();
        Session running = now.state().hasMachine() ? now.session() : null;
        Reclaimed reclaimed = running == null ? Reclaimed.NOTHING : running.reclaimed();
        return new AppView(
                app.spec().name(),
                app.id(),
                app.spec().image(),
                app.launch().map(Launch::imageDigest).orElse(""),
                now.state(),
                app.message(),
                app.spec(),
                address.guestAddress(),
                services.state().vsock(app.id()),
                app.createdAt(),
                now.since(),
                running == null ? 0 : running.residentBytes(),
                reclaimed.balloonBytes(),
                reclaimed.givenBackBytes(),
                shelf.allocatedBytes(),
                shelf.refused().stream().map(Path::toString).toList(),
                app.wakes(),
                app.coldBoots(),
                app.exitCode(),
                app.ending(),
                wakeHistory.reports());
    }

    /** What it was booted from, once it was. */
    Optional<Launch> launch() {
        return published.record().launch();
    }

    AppState state() {
        return published.state();
    }

    // ---- the machine ----

    Session newSession() {
        return new Session(owner, log);
    }

    void begin(Session fresh, Machine machine) {
        fresh.bind(machine);
        session = fresh;
    }

    void close(Session ending) {
        cancelDeadline();
        leaveStandby();
        letThrough();
        session = null;
        ending.await(Session.Awaited.NOTHING);
        ending.machine().close();
    }

    MachinePlan plan() {
        VsockHub hub = vsock;
        if (hub == null) {
            throw new IllegalStateException("an app in this state has a vsock hub");
        }
        return new MachinePlan(
                record.id(), record.spec(), record.launch().orElseThrow(), requireLink(), hub, record.kernelDigest());
    }

    // ---- what the host has of it while it is up, with or without a machine ----

    void attach() {
        link = services.network().attach(address, record.spec().ports());
        Path path = services.state().vsock(record.id());
        try {
            vsock = VsockHub.open(path);
        } catch (LinuxException | UncheckedIOException e) {
            throw UserException.unavailable(
                    "app " + name() + " cannot have its socket " + path + ": " + e.getMessage()
                            + "; see whether something else is there",
                    e);
        }
    }

    /** Takes all of it away for good. */
    void detach() {
        Link held = link;
        link = null;
        if (held != null) {
            held.remove();
        }
        closeVsock();
    }

    private void closeVsock() {
        VsockHub held = vsock;
        vsock = null;
        if (held != null) {
            held.close();
        }
    }

    /** Has the next packet wake the app. */
    void watch() {
        requireLink().watch(onPacket);
    }

    Link requireLink() {
        Link held = link;
        if (held == null) {
            throw new IllegalStateException("an app in this state has a link");
        }
        return held;
    }

    /**
     * Keeps new connections away until the application listens: a guest whose application does not yet would refuse them.
     * They are not answered, so their senders try again; so does the one whose packet is discarded here.
     */
    void holdBack() {
        services.network().holdBack(address, true);
        requireLink().discardQueued();
        heldBack = true;
    }

    void letThrough() {
        if (heldBack) {
            heldBack = false;
            services.network().holdBack(address, false);
        }
    }

    void leaveStandby() {
        if (place != null) {
            place.leave();
            place = null;
        }
    }

    /** Lets go of tap and log; nothing wakes the app any more in this daemon. */
    void letGo() {
        Link held = link;
        link = null;
        if (held != null) {
            held.close();
        }
        closeVsock();
        if (record.phase() == Phase.UP) {
            services.state().write(record);
        }
        log.close();
        if (shutdown != null) {
            shutdown.complete(null);
        }
    }

    // ---- what others see and wait for ----

    /** Counts a wake and keeps its time line, which is logged when it has come to its end; seen by others behind {@link #become}. */
    void woken(String how, WakeTimeline timeline) {
        record = record.woken();
        wakeHistory.add(false, timeline);
        Instant at = Instant.now();
        services.later(
                Limits.WAKE_LOG_DELAY,
                () -> log.append(
                        LogLine.Source.IGNITION,
                        how + ": " + WakeHistory.report(at, false, timeline).line()));
    }

    /** Publishes the present record in a state; a state that may not follow is a bug. */
    void become(AppState next) {
        AppState before = published.state();
        Instant since = published.since();
        if (next != before) {
            if (!Transitions.allowed(before, next)) {
                throw new IllegalStateException("app " + name() + " cannot go from " + before + " to " + next);
            }
            since = Instant.now();
        }
        published = new Published(record, next, since, session);
    }

    /** Keeps a message for users, in the view and in the log. */
    void note(String message) {
        record = record.inPhase(record.phase(), record.phaseSince(), message, record.exitCode());
        log.append(LogLine.Source.IGNITION, message);
        become(published.state());
    }

    void setDeadline(Duration delay, Session of, Runnable task) {
        cancelDeadline();
        deadline = services.after(
                delay,
                () -> mailbox.execute(() -> {
                    if (of == session) {
                        task.run();
                    }
                }));
    }

    void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    void tellStarter(String step) {
        if (starter != null) {
            starter.step(step);
        }
    }

    void tellStarter(UserException failure) {
        if (starter != null) {
            starter.fail(failure);
            starter = null;
        }
    }

    void tellStarterReady() {
        if (starter != null) {
            starter.succeed();
            starter = null;
        }
    }

    String name() {
        return record.spec().name();
    }

    static String describe(RuntimeException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
