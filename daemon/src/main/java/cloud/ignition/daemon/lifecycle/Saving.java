package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.vmm.Snapshot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/** From a paused machine to a snapshot on the app's shelf. On the mailbox. */
final class Saving {
    private static final System.Logger LOG = System.getLogger(Saving.class.getName());

    private final App app;
    private final SleepTimes times = new SleepTimes(System::nanoTime);

    /** In a row. */
    private int failures;

    private boolean toBeCompacted;

    Saving(App app) {
        this.app = app;
    }

    /** Saves, come what may; false when that failed: the former snapshot stays what it was. */
    boolean save(Session paused) {
        return save(paused, () -> false);
    }

    /** Saves, and gives up when a packet waits in the tap: then the machine is needed at once, and nothing is lost. False as well. */
    boolean saveUnlessNeeded(Session paused) {
        AtomicBoolean packetCame = new AtomicBoolean();
        app.requireLink().watch(() -> packetCame.set(true));
        try {
            return save(paused, packetCame::get);
        } finally {
            app.requireLink().unwatch();
        }
    }

    private boolean save(Session paused, BooleanSupplier givenUp) {
        Path target = app.shelf.next();
        times.saving();
        try {
            Optional<Snapshot> saved =
                    paused.machine().save(target, app.services.machines().subject(app.plan()), givenUp);
            if (saved.isEmpty()) {
                app.log.append(LogLine.Source.IGNITION, "a packet came while it was saved; it goes on");
                return false;
            }
            toBeCompacted = saved.get().isToBeCompacted();
            app.shelf.removeOlder();
            app.record = app.record.inPhase(Phase.UP, app.record.phaseSince(), "", Optional.empty());
            app.services.state().write(app.record);
            times.saved();
            failures = 0;
            return true;
        } catch (RuntimeException e) {
            failures++;
            app.note("could not be saved: " + App.describe(e)
                    + (app.shelf.newest().isPresent() ? "; the former snapshot stays valid" : "; stays awake"));
            LOG.log(System.Logger.Level.WARNING, "saving app " + app.name(), e);
            return false;
        }
    }

    /** How long the stages of the present way to sleep take. */
    SleepTimes times() {
        return times;
    }

    /** The guest did not come to rest for it: counts as a failure. */
    void couldNotBegin() {
        failures++;
    }

    /** Whether the last snapshot is to be made a whole one while nobody needs the app. */
    boolean isToBeCompacted() {
        return toBeCompacted;
    }

    /** The idle time; after saves that failed (disk full, no rest), longer with each, so that a guest is not paused in vain. */
    Duration untilNext(Duration idle) {
        if (failures == 0) {
            return idle;
        }
        Duration pause = app.services.limits().saveRetry().multipliedBy(1L << Math.min(failures - 1, 16));
        Duration bounded = pause.compareTo(Limits.MAX_SAVE_RETRY) > 0 ? Limits.MAX_SAVE_RETRY : pause;
        return bounded.compareTo(idle) > 0 ? bounded : idle;
    }
}
