package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.vmm.Doorbell;

/** From the image to the trigger of the ready snapshot. On the mailbox. */
final class Booting {
    private final App app;
    private final Saving saving;
    private final Sleeping sleeping;
    private boolean bootedByPacket;

    Booting(App app, Saving saving, Sleeping sleeping) {
        this.app = app;
        this.saving = saving;
        this.sleeping = sleeping;
    }

    void coldBoot(boolean byPacket) {
        bootedByPacket = byPacket;
        app.become(AppState.BOOTING);
        app.tellStarter("booting");
        if (byPacket && app.record.spec().trigger().kind() != SnapshotTrigger.Kind.MANUAL) {
            app.holdBack();
        }
        Session fresh = app.newSession();
        fresh.await(Session.Awaited.TRIGGER);
        Machine machine = app.services.machines().boot(app.plan(), fresh);
        app.begin(fresh, machine);
        app.record = app.record.bootedOn(app.services.machines().kernelDigest());
        app.become(AppState.BOOTING);
        app.log.append(
                LogLine.Source.IGNITION,
                "booting, waiting for " + app.record.spec().trigger());
        app.tellStarter("waiting for " + app.record.spec().trigger());
        app.setDeadline(app.services.limits().trigger(), fresh, () -> {
            String message = "no " + app.record.spec().trigger() + " within "
                    + app.services.limits().trigger().toSeconds() + " s; runs without a ready snapshot";
            app.note(message);
            app.become(AppState.RUNNING);
            app.letThrough();
            sleeping.armIdle(fresh);
            app.tellStarterReady();
        });
        machine.resume();
    }

    void triggered(Session from, Doorbell doorbell) {
        if (letStopGoOn(from)) {
            return;
        }
        app.cancelDeadline();
        app.log.append(
                LogLine.Source.IGNITION,
                "ready (" + app.record.spec().trigger() + (doorbell.port() > 0 ? ", port " + doorbell.port() : "")
                        + "), saving");
        app.tellStarter("saving the snapshot");
        app.become(AppState.SUSPENDING);
        from.machine().pause();
        boolean saved = saving.save(from);
        if (!saved || bootedByPacket) {
            sleeping.goOn(from); // whoever sent the packet waits already
        } else {
            sleeping.sleep(from);
        }
        app.tellStarterReady();
    }

    /** A ring that came just before a stop: the guest is held by it, but must run to end its application. */
    boolean letStopGoOn(Session held) {
        if (app.stoppers.isEmpty()) {
            return false;
        }
        held.machine().pause();
        held.machine().resume();
        return true;
    }
}
