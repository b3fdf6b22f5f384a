package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.OnIdle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** From a running machine to a snapshot: when an app is idle, how it comes to rest, and what may call that off. On the mailbox. */
final class Sleeping {
    private static final String LATE = "guest did not come to rest in time; ";

    private final App app;
    private final Saving saving;
    private final Compacting compacting;
    private final Standby standby;
    private final SleepTimes times;
    private @Nullable IdleClock idleClock;
    private long lastPacketBeforeSuspend;

    /** The last request to come to rest had no answer in time. */
    private boolean unanswered;

    Sleeping(App app, Saving saving, Compacting compacting) {
        this.app = app;
        this.saving = saving;
        times = saving.times();
        this.compacting = compacting;
        standby = new Standby(app, this::leaveMemory, this::goesOn);
    }

    void armIdle(Session running) {
        long idleNanos = app.record.spec().idle().after().toNanos();
        if (idleNanos > 0 && app.shutdown == null) {
            IdleClock clock = new IdleClock(
                    idleNanos, System.nanoTime(), running.machine().activity());
            idleClock = clock;
            app.setDeadline(
                    saving.untilNext(app.record.spec().idle().after()), running, () -> lookWhetherIdle(running, clock));
        }
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
                didNotComeToRest(running);
            }
        });
    }

    /**
     * Still running. Its vCPUs may wait for the host, in the middle of an answer: it gets a second chance. Then a machine with one vCPU
     * is saved where it is, another one can be saved only where it was asked to stand (doorbell.md).
     */
    private void didNotComeToRest(Session running) {
        boolean again = unanswered;
        unanswered = true;
        boolean forced = again || app.shutdown != null;
        if (forced && (isDiscarded() || !running.machine().savesOnlyAtRest())) {
            app.log.append(LogLine.Source.IGNITION, LATE + "paused by force");
            saveAndSleep(running, false);
        } else if (app.shutdown != null) {
            app.log.append(
                    LogLine.Source.IGNITION,
                    LATE + "not saved; "
                            + (app.shelf.newest().isPresent()
                                    ? "the former snapshot stays valid"
                                    : "boots on its next packet"));
            sleep(running);
        } else {
            saving.couldNotBegin();
            app.log.append(LogLine.Source.IGNITION, LATE + "stays awake");
            goesOn(running);
        }
    }

    /**
     * The guest stands still where it was asked to.
     *
     * @param atWork some of its threads have something to do
     */
    void atRest(Session running, boolean atWork) {
        unanswered = false;
        saveAndSleep(running, atWork);
    }

    private void saveAndSleep(Session running, boolean atWork) {
        running.machine().pause();
        times.atRest();
        boolean packetCame = running.machine().activity().lastPacketNanos() != lastPacketBeforeSuspend;
        if ((packetCame || atWork) && app.shutdown == null) {
            // What came, or what it works on, may be unanswered; asleep, the app would not hear of it before the next
            // packet.
            goOn(running);
        } else if (standby.isNext()) {
            standby.enter(running);
        } else {
            leaveMemory(running);
        }
    }

    /** The paused machine's end in memory: saved, or discarded where that is wanted. */
    private void leaveMemory(Session paused) {
        boolean ending = app.shutdown != null;
        boolean settled = isDiscarded() || (ending ? saving.save(paused) : saving.saveUnlessNeeded(paused));
        if (settled || ending) {
            sleep(paused);
        } else {
            goOn(paused);
        }
    }

    /** The time between paused and saved. */
    Standby standby() {
        return standby;
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
            if (saving.isToBeCompacted()) {
                compacting.begin();
            }
        }
    }
}
