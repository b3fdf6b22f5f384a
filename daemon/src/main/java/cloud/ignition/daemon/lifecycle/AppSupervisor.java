package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.state.AppLog;
import cloud.ignition.daemon.state.AppRecord;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.MachineExit;
import cloud.ignition.vmm.WakeTimeline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Decides everything about one app. All decisions are made on its mailbox, one at a time; whatever comes from elsewhere (users, the network
 * loop, machine threads, deadlines) is handed over to it here. How each is carried out is in {@link Booting}, {@link Sleeping}, {@link
 * Waking} and {@link Ending}.
 */
final class AppSupervisor implements Session.Owner {
    private static final System.Logger LOG = System.getLogger(AppSupervisor.class.getName());

    private final App app;
    private final Sleeping sleeping;
    private final Booting booting;
    private final Waking waking;
    private final Ending ending;

    /** For a new app, or one of a former daemon, which {@link #adopt} then brings to life. */
    AppSupervisor(Services services, AppRecord record, AppAddress address) {
        app = new App(services, record, address, this, this::onPacket, this::onBug);
        Saving saving = new Saving(app);
        Compacting compacting = new Compacting(app);
        sleeping = new Sleeping(app, saving, compacting);
        booting = new Booting(app, saving, sleeping);
        waking = new Waking(app, booting, sleeping);
        ending = new Ending(app, compacting);
    }

    // ---- what users ask, from any thread ----

    /** The app as it is now. */
    AppView view() {
        return app.view();
    }

    /** What it was booted from, once it was. */
    Optional<Launch> launch() {
        return app.launch();
    }

    AppLog log() {
        return app.log;
    }

    AppAddress address() {
        return app.address;
    }

    /** Marks that the image is being fetched. */
    CompletableFuture<?> beginPull() {
        return ask(() -> {
            requireStartable();
            app.become(AppState.PULLING);
        });
    }

    /** The image could not be had. */
    void pullFailed(String message) {
        app.mailbox.execute(() -> {
            if (app.state() == AppState.PULLING) {
                ending.settle(Phase.FAILED, AppState.FAILED, message, Optional.empty());
            }
        });
    }

    /** Boots; the waiter is told when the app is ready or has failed. */
    void boot(Launch launch, StartWaiter waiter) {
        app.mailbox.execute(() -> {
            if (app.state() != AppState.PULLING || app.shutdown != null) {
                waiter.fail(UserException.conflict("app " + app.name() + " was stopped while it was started"));
                return;
            }
            app.starter = waiter;
            app.record = app.record.withLaunch(launch).inPhase(Phase.UP, Instant.now(), "", Optional.empty());
            app.services.state().write(app.record);
            try {
                app.attach();
                booting.coldBoot(false);
            } catch (RuntimeException e) {
                ending.fail(App.describe(e), e);
            }
        });
    }

    /** Ends the app for good; completes when it is stopped. */
    CompletableFuture<?> stop(Duration grace) {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        app.mailbox.execute(() -> {
            Session running = app.session;
            if (app.state() == AppState.STANDBY) {
                sleeping.standby().wake(require(running), new WakeTimeline());
            }
            boolean canBeAsked = app.state() == AppState.RUNNING || app.state() == AppState.BOOTING;
            if (running == null || !canBeAsked || grace.isZero()) {
                ending.settle(Phase.STOPPED, AppState.STOPPED, "", app.record.exitCode());
                stopped.complete(null);
                return;
            }
            app.stoppers.add(stopped);
            running.await(Session.Awaited.NOTHING);
            int signal = app.record.launch().map(Launch::stopSignal).orElse(15);
            running.machine().sendConsole(("signal " + signal + "\n").getBytes(StandardCharsets.US_ASCII));
            app.setDeadline(grace, running, () -> {
                app.log.append(LogLine.Source.IGNITION, "did not end within " + grace.toMillis() + " ms; powered off");
                ending.settle(Phase.STOPPED, AppState.STOPPED, "", Optional.empty());
            });
        });
        return stopped;
    }

    /** Ends the app without asking it and forgets its files. */
    CompletableFuture<?> remove() {
        return ask(() -> {
            ending.settle(Phase.STOPPED, AppState.STOPPED, "", app.record.exitCode());
            app.log.close();
            app.services.state().remove(app.record.id());
        });
    }

    /** Brings an app of a former daemon to where packets wake it. */
    CompletableFuture<?> adopt() {
        return ask(() -> {
            switch (app.record.phase()) {
                case CREATED ->
                    ending.settle(
                            Phase.FAILED,
                            AppState.FAILED,
                            "the daemon ended while the image was fetched; start the app again",
                            Optional.empty());
                case UP -> waking.adoptSleeping();
                case STOPPED, EXITED, FAILED -> {
                    app.shelf.dropCompacted();
                    app.shelf.clear();
                }
            }
        });
    }

    /** Saves the app if it runs and lets go of everything; nothing wakes it any more in this daemon. */
    CompletableFuture<?> shutdown() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        app.mailbox.execute(() -> {
            app.shutdown = done;
            Session running = app.session;
            if (!app.stoppers.isEmpty()) {
                ending.settle(Phase.STOPPED, AppState.STOPPED, "", Optional.empty());
                return;
            }
            switch (app.state()) {
                case RUNNING -> sleeping.putToSleep(require(running));
                case STANDBY -> sleeping.standby().leave(require(running));
                case SUSPENDING -> {
                    return; // ends in sleep, which ends the shutdown
                }
                case BOOTING -> {
                    app.tellStarter(UserException.failed(
                            "the daemon shuts down; app " + app.name() + " boots on its next packet"));
                    sleeping.sleep(require(running));
                }
                case CREATED, PULLING, SLEEPING, WAKING, STOPPED, EXITED, FAILED -> app.letGo();
            }
        });
        return done;
    }

    // ---- what machines and the network tell, on their threads ----

    /** A packet waits in the tap of the sleeping app. */
    void onPacket() {
        WakeTimeline timeline = new WakeTimeline();
        timeline.mark(WakeTimeline.Stage.PACKET_SEEN);
        app.mailbox.execute(() -> waking.wake(timeline));
    }

    @Override
    public void onTriggered(Session from, Doorbell doorbell) {
        app.mailbox.execute(() -> {
            if (from == app.session) {
                booting.triggered(from, doorbell);
            }
        });
    }

    @Override
    public void onQuiesced(Session from, boolean atWork) {
        app.mailbox.execute(() -> {
            if (from == app.session && app.state() == AppState.SUSPENDING && !booting.letStopGoOn(from)) {
                app.cancelDeadline();
                sleeping.atRest(from, atWork);
            }
        });
    }

    @Override
    public void onExit(Session from, MachineExit exit) {
        app.mailbox.execute(() -> {
            if (from == app.session) {
                ending.ended(from, exit);
            }
        });
    }

    private void onBug(RuntimeException bug) {
        LOG.log(System.Logger.Level.ERROR, "bug in the supervisor of app " + app.name(), bug);
        try {
            ending.fail("internal error: " + App.describe(bug), bug);
        } catch (RuntimeException second) {
            LOG.log(System.Logger.Level.ERROR, "giving up app " + app.name(), second);
            app.become(AppState.FAILED);
            app.tellStarter(UserException.failed("app " + app.name() + ": internal error: " + App.describe(bug), bug));
        }
    }

    private void requireStartable() {
        AppState state = app.state();
        if (state == AppState.PULLING || state == AppState.SLEEPING || state.hasMachine()) {
            throw UserException.conflict("app " + app.name() + " is " + state.word() + " already");
        }
    }

    private CompletableFuture<?> ask(Runnable task) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        app.mailbox.execute(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private static <T> T require(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("an app in this state has a machine");
        }
        return value;
    }
}
