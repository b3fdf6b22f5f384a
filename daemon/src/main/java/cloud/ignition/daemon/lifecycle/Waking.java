package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.WakeTimeline;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/** From a snapshot to a running machine, or to a cold boot where the snapshot is refused. On the mailbox. */
final class Waking {
    private static final System.Logger LOG = System.getLogger(Waking.class.getName());

    private final App app;
    private final Booting booting;
    private final Sleeping sleeping;

    Waking(App app, Booting booting, Sleeping sleeping) {
        this.app = app;
        this.booting = booting;
        this.sleeping = sleeping;
    }

    void adoptSleeping() {
        try {
            app.services.network().adopt(app.name(), app.record.spec().ports());
            app.attach();
            keepNewestWhole();
            app.become(AppState.SLEEPING);
            app.watch();
        } catch (UserException e) {
            // The record stays UP: the next daemon tries again.
            app.note(e.getMessage());
            app.become(AppState.FAILED);
        }
    }

    void wake(WakeTimeline timeline) {
        Session paused = app.session;
        if (app.state() == AppState.STANDBY && paused != null) {
            sleeping.standby().wake(paused, timeline);
            return;
        }
        if (app.state() != AppState.SLEEPING || app.shutdown != null) {
            return; // stopped, or woken by an earlier packet
        }
        app.become(AppState.WAKING);
        Optional<Path> snapshot = app.shelf.newest();
        try {
            if (snapshot.isEmpty()) {
                app.wakeHistory.add(true, timeline);
                booting.coldBoot(true);
                return;
            }
            try {
                restore(snapshot.get(), timeline);
            } catch (SnapshotRefusedException e) {
                refuse(snapshot.get(), e);
                app.wakeHistory.add(true, timeline);
                booting.coldBoot(true);
            }
        } catch (RuntimeException e) {
            retryWake(e);
        }
    }

    private void restore(Path snapshot, WakeTimeline timeline) {
        Session fresh = app.newSession();
        fresh.goesOnFromSnapshot();
        Machine machine = app.services.machines().restore(snapshot, app.plan(), fresh, timeline);
        app.begin(fresh, machine);
        machine.resume();
        app.woken("woken", timeline);
        app.become(AppState.RUNNING);
        sleeping.armIdle(fresh);
        app.services.later(Limits.WAKE_LOG_DELAY, () -> app.services.pool().execute(machine::noteWorkingSet));
    }

    /** The host refused for now (memory, KVM): the packet stays in the tap, so looking at it at once would spin. */
    private void retryWake(RuntimeException cause) {
        app.note("could not be woken: " + App.describe(cause) + "; trying again");
        LOG.log(System.Logger.Level.WARNING, "waking app " + app.name(), cause);
        Session half = app.session;
        if (half != null) {
            app.close(half);
        }
        app.letThrough();
        app.become(AppState.SLEEPING);
        app.services.later(
                app.services.limits().wakeRetry(),
                () -> app.mailbox.execute(() -> {
                    if (app.state() == AppState.SLEEPING && app.shutdown == null) {
                        app.watch();
                    }
                }));
    }

    /** Takes a bad snapshot out of the way and says so once; nothing that goes wrong here keeps the app from booting. */
    private void refuse(Path snapshot, SnapshotRefusedException cause) {
        String line = "snapshot refused, cold boot instead: " + cause.getMessage();
        try {
            Path aside = app.shelf.setAside(snapshot, Instant.now(), cause.reason());
            line += "; set aside as " + aside.getFileName();
        } catch (UncheckedIOException e) {
            line += "; it could not be set aside: " + App.describe(e);
        }
        LOG.log(System.Logger.Level.WARNING, "app " + app.name() + ": " + line);
        app.note(line);
    }

    /** Checks the newest snapshot; what a crash left behind it goes only when it is good, else is the next to be tried. */
    private void keepNewestWhole() {
        for (Optional<Path> newest = app.shelf.newest(); newest.isPresent(); newest = app.shelf.newest()) {
            try {
                app.services.machines().check(newest.get(), app.plan());
                break;
            } catch (SnapshotRefusedException e) {
                refuse(newest.get(), e);
                if (newest.equals(app.shelf.newest())) {
                    break; // could not be set aside; the wake refuses it again
                }
            }
        }
        app.shelf.dropCompacted();
        app.shelf.removeOlder();
    }
}
