package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.state.AppRecord.Phase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** From a running machine to a snapshot: when an app is idle, how it comes to rest, and what may call that off. On the mailbox. */
final class Sleeping {
    private static final System.Logger LOG = System.getLogger(Sleeping.class.getName());

    private final App app;
    private @Nullable IdleClock idleClock;
    private final Standby standby;
    private final SleepTimes times = new SleepTimes(System::nanoTime);
    private long lastPacketBeforeSuspend;

    /** In a row. */
    private int failedSaves;

    Sleeping(App app) {
        this.app = app;
        standby = new Standby(app, this::leaveMemory, this::goesOn);
    }

    void armIdle(Session running) {
        long idleNanos = app.record.spec().idle().after().toNanos();
        if (idleNanos > 0 && app.shutdown == null) {
            IdleClock clock = new IdleClock(
                    idleNanos, System.nanoTime(), running.machine().activity());
            idleClock = clock;
            app.setDeadline(untilNextSave(), running, () -> lookWhetherIdle(running, clock));
        }
    }

    /** The idle time; after saves that failed (disk full), longer with each, so that a guest is not paused in vain. */
    private Duration untilNextSave() {
        Duration idle = app.record.spec().idle().after();
        if (failedSaves == 0) {
            return idle;
        }
        Duration pause = app.services.limits().saveRetry().multipliedBy(1L << Math.min(failedSaves - 1, 16));
        Duration bounded = pause.compareTo(Limits.MAX_SAVE_RETRY) > 0 ? Limits.MAX_SAVE_RETRY : pause;
        return bounded.compareTo(idle) > 0 ? bounded : idle;
    }

    private void lookWhetherIdle(Session running, IdleClock clock) {
        if (clock != idleClock || app.state() != AppState.RUNNING) {
            return;
        }
        long remaining =
                clock.nanosUntilIdle(System.nanoTime(), running.machine().activity());
        if (remaining > 0) {
            app.setDeadline(Duration.ofNanos(remaining), running, () -> lookWhetherIdle(running, clock));
        } else {
            putToSleep(running);
        }
    }

    void putToSleep(Session running) {
        if (isDiscarded() && !standby.isNext()) {
            sleep(running);
        } else {
            suspend(running);
        }
    }

    private boolean isDiscarded() {
        return app.record.spec().idle().then() == OnIdle.DISCARD
                && app.shelf.newest().isPresent();
    }

    private void suspend(Session running) {
        app.become(AppState.SUSPENDING);
        times.decided();
        lastPacketBeforeSuspend = running.machine().activity().lastPacketNanos();
        running.await(Session.Awaited.QUIESCED);
        running.machine().requestQuiesce();
        app.setDeadline(app.services.limits().quiesce(), running, () -> {
            if (running.giveUp(Session.Awaited.QUIESCED)) {
                app.log.append(LogLine.Source.IGNITION, "guest did not come to rest in time; paused by force");
                saveAndSleep(running);
            }
        });
    }

    void saveAndSleep(Session running) {
        running.machine().pause();
        times.atRest();
        boolean packetCame = running.machine().activity().lastPacketNanos() != lastPacketBeforeSuspend;
        if (packetCame && app.shutdown == null) {
            // It may be in the guest, unanswered; asleep, the app would not hear of it before the next one.
            goOn(running);
        } else if (standby.isNext()) {
            standby.enter(running);
        } else {
            leaveMemory(running);
        }
    }

    /** The paused machine's end in memory: saved, or discarded where that is wanted. */
    private void leaveMemory(Session paused) {
        if (isDiscarded() || save(paused) || app.shutdown != null) {
            sleep(paused);
        } else {
            goOn(paused);
        }
    }

    /** The time between paused and saved. */
    Standby standby() {
        return standby;
    }

    /** Saves a paused machine; on failure the former snapshot stays what it was. */
    boolean save(Session running) {
        Path target = app.shelf.next();
        times.saving();
        try {
            running.machine().save(target, app.services.machines().subject(app.plan()));
            app.shelf.removeOlder();
            app.record = app.record.inPhase(Phase.UP, app.record.phaseSince(), "", Optional.empty());
            app.services.state().write(app.record);
            times.saved();
            failedSaves = 0;
            return true;
        } catch (RuntimeException e) {
            failedSaves++;
            app.note("could not be saved: " + App.describe(e)
                    + (app.shelf.newest().isPresent() ? "; the former snapshot stays valid" : "; stays awake"));
            LOG.log(System.Logger.Level.WARNING, "saving app " + app.name(), e);
            return false;
        }
    }

    void goOn(Session running) {
        running.machine().resume();
        goesOn(running);
    }

    private void goesOn(Session running) {
        app.letThrough();
        app.become(AppState.RUNNING);
        armIdle(running);
    }

    /** Closes the machine; from here on the app is files and a tap. */
    void sleep(Session running) {
        app.close(running);
        app.become(AppState.SLEEPING);
        app.log.append(LogLine.Source.IGNITION, times.asleep());
        if (app.shutdown != null) {
            app.letGo();
        } else {
            app.watch();
        }
    }
}
