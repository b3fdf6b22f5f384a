package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.Link;
import cloud.ignition.daemon.state.AppLog;
import cloud.ignition.daemon.state.AppRecord;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.daemon.state.SnapshotShelf;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.WakeTimeline;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Decides everything about one app. All decisions are made on its mailbox, one at a time; whatever comes from elsewhere (users, the network
 * loop, machine threads, deadlines) is handed over to it. What others may see of the app is published in one volatile field.
 */
final class AppSupervisor implements Session.Owner {
    private static final System.Logger LOG = System.getLogger(AppSupervisor.class.getName());

    private final Services services;
    private final AppAddress address;
    private final Mailbox mailbox;
    private final AppLog log;
    private final SnapshotShelf shelf;
    private final WakeHistory wakeHistory = new WakeHistory();

    // Owned by the mailbox.
    private AppRecord record;
    private @Nullable Link link;
    private @Nullable Session session;
    private @Nullable IdleClock idleClock;
    private @Nullable Future<?> deadline;
    private @Nullable StartWaiter starter;
    private final List<CompletableFuture<?>> stoppers = new ArrayList<>();
    private @Nullable CompletableFuture<?> shutdown;
    private boolean bootedByPacket;
    private boolean heldBack;
    private int failedSaves;
    private long lastPacketBeforeSuspend;

    private volatile Published published;

    /** What others may see. */
    private record Published(
            AppRecord record,
            AppState state,
            Instant since,
            @Nullable Session session) {}

    /** For a new app, or one of a former daemon, which {@link #adopt} then brings to life. */
    AppSupervisor(Services services, AppRecord record, AppAddress address) {
        this.services = services;
        this.record = record;
        this.address = address;
        this.mailbox = new Mailbox(services.pool(), this::onBug);
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

    // ---- what users ask, from any thread ----

    /** The app as it is now. */
    AppView view() {
        Published now = published;
        AppRecord app = now.record();
        Session running = now.state().hasMachine() ? now.session() : null;
        return new AppView(
                app.spec().name(),
                app.id(),
                app.spec().image(),
                app.launch().map(Launch::imageDigest).orElse(""),
                now.state(),
                app.message(),
                app.spec(),
                address.guestAddress(),
                app.createdAt(),
                now.since(),
                running == null ? 0 : running.residentBytes(),
                shelf.allocatedBytes(),
                shelf.refused().stream().map(Path::toString).toList(),
                app.wakes(),
                app.coldBoots(),
                app.exitCode(),
                wakeHistory.reports());
    }

    /** What it was booted from, once it was. */
    Optional<Launch> launch() {
        return published.record().launch();
    }

    AppLog log() {
        return log;
    }

    AppAddress address() {
        return address;
    }

    /** Marks that the image is being fetched. */
    CompletableFuture<?> beginPull() {
        return ask(() -> {
            requireStartable();
            become(AppState.PULLING);
        });
    }

    /** The image could not be had. */
    void pullFailed(String message) {
        mailbox.execute(() -> {
            if (published.state() == AppState.PULLING) {
                settle(Phase.FAILED, AppState.FAILED, message, Optional.empty());
            }
        });
    }

    /** Boots; the waiter is told when the app is ready or has failed. */
    void boot(Launch launch, StartWaiter waiter) {
        mailbox.execute(() -> {
            if (published.state() != AppState.PULLING || shutdown != null) {
                waiter.fail(UserException.conflict("app " + name() + " was stopped while it was started"));
                return;
            }
            starter = waiter;
            record = record.withLaunch(launch).inPhase(Phase.UP, Instant.now(), "", Optional.empty());
            services.state().write(record);
            try {
                link = services.network().attach(address, record.spec().ports());
                coldBoot(false);
            } catch (RuntimeException e) {
                fail(describe(e), e);
            }
        });
    }

    /** Ends the app for good; completes when it is stopped. */
    CompletableFuture<?> stop(Duration grace) {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        mailbox.execute(() -> {
            Session running = session;
            boolean canBeAsked = published.state() == AppState.RUNNING || published.state() == AppState.BOOTING;
            if (running == null || !canBeAsked || grace.isZero()) {
                settle(Phase.STOPPED, AppState.STOPPED, "", record.exitCode());
                stopped.complete(null);
                return;
            }
            stoppers.add(stopped);
            running.await(Session.Awaited.NOTHING);
            int signal = record.launch().map(Launch::stopSignal).orElse(15);
            running.machine().sendConsole(("signal " + signal + "\n").getBytes(StandardCharsets.US_ASCII));
            setDeadline(grace, running, () -> {
                log.append(LogLine.Source.IGNITION, "did not end within " + grace.toMillis() + " ms; powered off");
                settle(Phase.STOPPED, AppState.STOPPED, "", Optional.empty());
            });
        });
        return stopped;
    }

    /** Ends the app without asking it and forgets its files. */
    CompletableFuture<?> remove() {
        return ask(() -> {
            settle(Phase.STOPPED, AppState.STOPPED, "", record.exitCode());
            log.close();
            services.state().remove(record.id());
        });
    }

    /** Brings an app of a former daemon to where packets wake it. */
    CompletableFuture<?> adopt() {
        return ask(() -> {
            switch (record.phase()) {
                case CREATED ->
                    settle(
                            Phase.FAILED,
                            AppState.FAILED,
                            "the daemon ended while the image was fetched; start the app again",
                            Optional.empty());
                case UP -> adoptSleeping();
                case STOPPED, EXITED, FAILED -> shelf.clear();
            }
        });
    }

    /** Saves the app if it runs and lets go of everything; nothing wakes it any more in this daemon. */
    CompletableFuture<?> shutdown() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        mailbox.execute(() -> {
            shutdown = done;
            Session running = session;
            if (!stoppers.isEmpty()) {
                settle(Phase.STOPPED, AppState.STOPPED, "", Optional.empty());
                return;
            }
            switch (published.state()) {
                case RUNNING -> putToSleep(require(running));
                case SUSPENDING -> {
                    return; // ends in sleep, which ends the shutdown
                }
                case BOOTING -> {
                    tellStarter(
                            UserException.failed("the daemon shuts down; app " + name() + " boots on its next packet"));
                    sleep(require(running));
                }
                case CREATED, PULLING, SLEEPING, WAKING, STOPPED, EXITED, FAILED -> letGo();
            }
        });
        return done;
    }

    // ---- what machines and the network tell, on their threads ----

    /** A packet waits in the tap of the sleeping app. */
    void onPacket() {
        WakeTimeline timeline = new WakeTimeline();
        timeline.mark(WakeTimeline.Stage.PACKET_SEEN);
        mailbox.execute(() -> wake(timeline));
    }

    @Override
    public void onTriggered(Session from, Doorbell doorbell) {
        mailbox.execute(() -> {
            if (from == session) {
                triggered(from, doorbell);
            }
        });
    }

    @Override
    public void onQuiesced(Session from) {
        mailbox.execute(() -> {
            if (from == session && published.state() == AppState.SUSPENDING && !letStopGoOn(from)) {
                cancelDeadline();
                saveAndSleep(from);
            }
        });
    }

    @Override
    public void onExit(Session from, MachineExit exit) {
        mailbox.execute(() -> {
            if (from == session) {
                ended(from, exit);
            }
        });
    }

    // ---- boot ----

    private void coldBoot(boolean byPacket) {
        bootedByPacket = byPacket;
        become(AppState.BOOTING);
        tellStarter("booting");
        if (byPacket && record.spec().trigger().kind() != SnapshotTrigger.Kind.MANUAL) {
            holdBack();
        }
        Session fresh = new Session(this, log);
        fresh.await(Session.Awaited.TRIGGER);
        Machine machine = services.machines().boot(plan(), fresh);
        begin(fresh, machine);
        record = record.bootedOn(services.machines().kernelDigest());
        become(AppState.BOOTING);
        log.append(
                LogLine.Source.IGNITION, "booting, waiting for " + record.spec().trigger());
        tellStarter("waiting for " + record.spec().trigger());
        setDeadline(services.limits().trigger(), fresh, () -> {
            String message = "no " + record.spec().trigger() + " within "
                    + services.limits().trigger().toSeconds() + " s; runs without a ready snapshot";
            note(message);
            become(AppState.RUNNING);
            letThrough();
            armIdle(fresh);
            tellStarterReady();
        });
        machine.resume();
    }

    /**
     * Keeps new connections away until the application listens: a guest whose application does not yet would refuse them.
     * They are not answered, so their senders try again; so does the one whose packet is discarded here.
     */
    private void holdBack() {
        services.network().holdBack(address, true);
        require(link).discardQueued();
        heldBack = true;
    }

    private void letThrough() {
        if (heldBack) {
            heldBack = false;
            services.network().holdBack(address, false);
        }
    }

    private void triggered(Session from, Doorbell doorbell) {
        if (letStopGoOn(from)) {
            return;
        }
        cancelDeadline();
        log.append(
                LogLine.Source.IGNITION,
                "ready (" + record.spec().trigger() + (doorbell.port() > 0 ? ", port " + doorbell.port() : "")
                        + "), saving");
        tellStarter("saving the snapshot");
        become(AppState.SUSPENDING);
        from.machine().pause();
        boolean saved = save(from);
        if (!saved || bootedByPacket) {
            goOn(from); // whoever sent the packet waits already
        } else {
            sleep(from);
        }
        tellStarterReady();
    }

    /** A ring that came just before a stop: the guest is held by it, but must run to end its application. */
    private boolean letStopGoOn(Session held) {
        if (stoppers.isEmpty()) {
            return false;
        }
        held.machine().pause();
        held.machine().resume();
        return true;
    }

    // ---- sleep ----

    private void armIdle(Session running) {
        long idleNanos = record.spec().idleAfter().toNanos();
        if (idleNanos > 0 && shutdown == null) {
            IdleClock clock = new IdleClock(
                    idleNanos, System.nanoTime(), running.machine().activity());
            idleClock = clock;
            setDeadline(untilNextSave(), running, () -> lookWhetherIdle(running, clock));
        }
    }

    /** The idle time; after saves that failed (disk full), longer with each, so that a guest is not paused in vain. */
    private Duration untilNextSave() {
        Duration idle = record.spec().idleAfter();
        if (failedSaves == 0) {
            return idle;
        }
        Duration pause = services.limits().saveRetry().multipliedBy(1L << Math.min(failedSaves - 1, 16));
        Duration bounded = pause.compareTo(Limits.MAX_SAVE_RETRY) > 0 ? Limits.MAX_SAVE_RETRY : pause;
        return bounded.compareTo(idle) > 0 ? bounded : idle;
    }

    private void lookWhetherIdle(Session running, IdleClock clock) {
        if (clock != idleClock || published.state() != AppState.RUNNING) {
            return;
        }
        long remaining =
                clock.nanosUntilIdle(System.nanoTime(), running.machine().activity());
        if (remaining > 0) {
            setDeadline(Duration.ofNanos(remaining), running, () -> lookWhetherIdle(running, clock));
        } else {
            putToSleep(running);
        }
    }

    private void putToSleep(Session running) {
        if (record.spec().onIdle() == OnIdle.DISCARD && shelf.newest().isPresent()) {
            sleep(running);
        } else {
            suspend(running);
        }
    }

    private void suspend(Session running) {
        become(AppState.SUSPENDING);
        lastPacketBeforeSuspend = running.machine().activity().lastPacketNanos();
        running.await(Session.Awaited.QUIESCED);
        running.machine().requestQuiesce();
        setDeadline(services.limits().quiesce(), running, () -> {
            if (running.giveUp(Session.Awaited.QUIESCED)) {
                log.append(LogLine.Source.IGNITION, "guest did not come to rest in time; paused by force");
                saveAndSleep(running);
            }
        });
    }

    private void saveAndSleep(Session running) {
        running.machine().pause();
        boolean packetCame = running.machine().activity().lastPacketNanos() != lastPacketBeforeSuspend;
        if (packetCame && shutdown == null) {
            // It may be in the guest, unanswered; asleep, the app would not hear of it before the next one.
            goOn(running);
        } else if (save(running) || shutdown != null) {
            sleep(running);
        } else {
            goOn(running);
        }
    }

    /** Saves a paused machine; on failure the former snapshot stays what it was. */
    private boolean save(Session running) {
        Path target = shelf.next();
        try {
            running.machine().save(target, services.machines().subject(plan()));
            shelf.removeOlder();
            record = record.inPhase(Phase.UP, record.phaseSince(), "", Optional.empty());
            services.state().write(record);
            failedSaves = 0;
            return true;
        } catch (RuntimeException e) {
            failedSaves++;
            note("could not be saved: " + describe(e)
                    + (shelf.newest().isPresent() ? "; the former snapshot stays valid" : "; stays awake"));
            LOG.log(System.Logger.Level.WARNING, "saving app " + name(), e);
            return false;
        }
    }

    private void goOn(Session running) {
        running.machine().resume();
        letThrough();
        become(AppState.RUNNING);
        armIdle(running);
    }

    /** Closes the machine; from here on the app is files and a tap. */
    private void sleep(Session running) {
        close(running);
        become(AppState.SLEEPING);
        log.append(LogLine.Source.IGNITION, "sleeping");
        if (shutdown != null) {
            letGo();
        } else {
            watch();
        }
    }

    private void watch() {
        require(link).watch(this::onPacket);
    }

    private void adoptSleeping() {
        try {
            services.network().adopt(name(), record.spec().ports());
            link = services.network().attach(address, record.spec().ports());
            keepNewestWhole();
            become(AppState.SLEEPING);
            watch();
        } catch (UserException e) {
            // The record stays UP: the next daemon tries again.
            note(e.getMessage());
            become(AppState.FAILED);
        }
    }

    /** Checks the newest snapshot; what a crash left behind it goes only when it is good, else is the next to be tried. */
    private void keepNewestWhole() {
        for (Optional<Path> newest = shelf.newest(); newest.isPresent(); newest = shelf.newest()) {
            try {
                services.machines().check(newest.get(), plan());
                break;
            } catch (SnapshotRefusedException e) {
                refuse(newest.get(), e);
                if (newest.equals(shelf.newest())) {
                    break; // could not be set aside; the wake refuses it again
                }
            }
        }
        shelf.removeOlder();
    }

    // ---- wake ----

    private void wake(WakeTimeline timeline) {
        if (published.state() != AppState.SLEEPING || shutdown != null) {
            return; // stopped, or woken by an earlier packet
        }
        become(AppState.WAKING);
        Optional<Path> snapshot = shelf.newest();
        try {
            if (snapshot.isEmpty()) {
                wakeHistory.add(true, timeline);
                coldBoot(true);
                return;
            }
            try {
                restore(snapshot.get(), timeline);
            } catch (SnapshotRefusedException e) {
                refuse(snapshot.get(), e);
                wakeHistory.add(true, timeline);
                coldBoot(true);
            }
        } catch (RuntimeException e) {
            retryWake(e);
        }
    }

    private void restore(Path snapshot, WakeTimeline timeline) {
        Session fresh = new Session(this, log);
        Machine machine = services.machines().restore(snapshot, plan(), fresh, timeline);
        begin(fresh, machine);
        machine.resume();
        record = record.woken();
        become(AppState.RUNNING);
        wakeHistory.add(false, timeline);
        armIdle(fresh);
        Instant at = Instant.now();
        services.later(
                Limits.WAKE_LOG_DELAY,
                () -> log.append(
                        LogLine.Source.IGNITION,
                        "woken: " + WakeHistory.report(at, false, timeline).line()));
    }

    /** The host refused for now (memory, KVM): the packet stays in the tap, so looking at it at once would spin. */
    private void retryWake(RuntimeException cause) {
        note("could not be woken: " + describe(cause) + "; trying again");
        LOG.log(System.Logger.Level.WARNING, "waking app " + name(), cause);
        Session half = session;
        if (half != null) {
            close(half);
        }
        letThrough();
        become(AppState.SLEEPING);
        services.later(
                services.limits().wakeRetry(),
                () -> mailbox.execute(() -> {
                    if (published.state() == AppState.SLEEPING && shutdown == null) {
                        watch();
                    }
                }));
    }

    /** Takes a bad snapshot out of the way and says so once; nothing that goes wrong here keeps the app from booting. */
    private void refuse(Path snapshot, SnapshotRefusedException cause) {
        String line = "snapshot refused, cold boot instead: " + cause.getMessage();
        try {
            line += "; set aside as "
                    + shelf.setAside(snapshot, Instant.now(), cause.reason()).getFileName();
        } catch (UncheckedIOException e) {
            line += "; it could not be set aside: " + describe(e);
        }
        LOG.log(System.Logger.Level.WARNING, "app " + name() + ": " + line);
        note(line);
    }

    // ---- ends ----

    private void ended(Session from, MachineExit exit) {
        try {
            from.machine().pause(); // the console's last lines are in once this returns
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "pausing the ended machine of app " + name(), e);
        }
        ExitVerdict verdict = ExitVerdict.of(from, exit);
        if (verdict.phase() == Phase.FAILED) {
            from.kernelLines().all().forEach(line -> log.append(LogLine.Source.KERNEL, line));
        }
        log.append(LogLine.Source.IGNITION, verdict.message());
        boolean stopped = !stoppers.isEmpty();
        UserException failure = UserException.failed("app " + name() + ": " + verdict.message());
        if (stopped) {
            settle(Phase.STOPPED, AppState.STOPPED, "", verdict.exitCode());
        } else if (verdict.phase() == Phase.FAILED) {
            settle(Phase.FAILED, AppState.FAILED, verdict.message(), verdict.exitCode());
        } else {
            settle(Phase.EXITED, AppState.EXITED, verdict.message(), verdict.exitCode());
        }
        if (verdict.exitCode().equals(Optional.of(0))) {
            tellStarterReady();
        } else {
            tellStarter(failure);
        }
    }

    private void fail(String message, RuntimeException cause) {
        log.append(LogLine.Source.IGNITION, message);
        settle(Phase.FAILED, AppState.FAILED, message, Optional.empty());
        tellStarter(cause instanceof UserException user ? user : UserException.failed(message, cause));
    }

    /** The one way out of being up: no machine, no link, no ports, no memory. Harmless when it is out already. */
    private void settle(Phase phase, AppState state, String message, Optional<Integer> exitCode) {
        cancelDeadline();
        Session last = session;
        if (last != null) {
            close(last);
        }
        Link held = link;
        link = null;
        if (held != null) {
            held.remove();
        }
        services.network().withdraw(name(), address);
        // Durable first: a crash in between must not wake what was stopped.
        record = record.inPhase(phase, Instant.now(), message, exitCode);
        services.state().write(record);
        shelf.clear();
        become(state);
        stoppers.forEach(stopper -> stopper.complete(null));
        stoppers.clear();
        if (phase == Phase.STOPPED) {
            tellStarter(UserException.conflict("app " + name() + " was stopped while it was started"));
        }
        if (shutdown != null) {
            shutdown.complete(null);
        }
    }

    private void letGo() {
        Link held = link;
        link = null;
        if (held != null) {
            held.close();
        }
        if (record.phase() == Phase.UP) {
            services.state().write(record);
        }
        log.close();
        if (shutdown != null) {
            shutdown.complete(null);
        }
    }

    private void onBug(RuntimeException bug) {
        LOG.log(System.Logger.Level.ERROR, "bug in the supervisor of app " + name(), bug);
        try {
            fail("internal error: " + describe(bug), bug);
        } catch (RuntimeException second) {
            LOG.log(System.Logger.Level.ERROR, "giving up app " + name(), second);
            become(AppState.FAILED);
            tellStarter(UserException.failed("app " + name() + ": internal error: " + describe(bug), bug));
        }
    }

    // ---- small parts ----

    private void begin(Session fresh, Machine machine) {
        fresh.bind(machine);
        session = fresh;
    }

    private void close(Session ending) {
        cancelDeadline();
        letThrough();
        idleClock = null;
        session = null;
        ending.await(Session.Awaited.NOTHING);
        ending.machine().close();
    }

    private MachinePlan plan() {
        return new MachinePlan(record.spec(), record.launch().orElseThrow(), require(link), record.kernelDigest());
    }

    /** Publishes the present record in a state; a state that may not follow is a bug. */
    private void become(AppState next) {
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
    private void note(String message) {
        record = record.inPhase(record.phase(), record.phaseSince(), message, record.exitCode());
        log.append(LogLine.Source.IGNITION, message);
        become(published.state());
    }

    private void requireStartable() {
        AppState state = published.state();
        if (state == AppState.PULLING || state == AppState.SLEEPING || state.hasMachine()) {
            throw UserException.conflict("app " + name() + " is " + state.word() + " already");
        }
    }

    private void setDeadline(Duration delay, Session of, Runnable task) {
        cancelDeadline();
        deadline = services.after(
                delay,
                () -> mailbox.execute(() -> {
                    if (of == session) {
                        task.run();
                    }
                }));
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    private void tellStarter(String step) {
        if (starter != null) {
            starter.step(step);
        }
    }

    private void tellStarter(UserException failure) {
        if (starter != null) {
            starter.fail(failure);
            starter = null;
        }
    }

    private void tellStarterReady() {
        if (starter != null) {
            starter.succeed();
            starter = null;
        }
    }

    private CompletableFuture<?> ask(Runnable task) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        mailbox.execute(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private String name() {
        return record.spec().name();
    }

    private static String describe(RuntimeException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static <T> T require(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("an app in this state has a machine and a link");
        }
        return value;
    }
}
