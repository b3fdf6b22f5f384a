package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.vmm.WakeTimeline;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The time between awake and asleep in which an app's machine stands paused in memory, as quiet as for its snapshot, and goes
 * on at the first packet. What is on disk stays the snapshot before it until the machine leaves memory. On the mailbox.
 */
final class Standby {
    private final App app;
    private final Consumer<Session> leaveMemory;
    private final Consumer<Session> goOn;

    /**
     * @param leaveMemory saves or discards a paused machine
     * @param goOn lets a paused machine run again
     */
    Standby(App app, Consumer<Session> leaveMemory, Consumer<Session> goOn) {
        this.app = app;
        this.leaveMemory = leaveMemory;
        this.goOn = goOn;
    }

    /** Whether the app's next rest begins with it. */
    boolean isNext() {
        return app.shutdown == null
                && app.record.spec().idle().standby().isPositive()
                && app.services.standbys().admits();
    }

    /** From SUSPENDING, with the machine paused. */
    void enter(Session paused) {
        Duration time = app.record.spec().idle().standby();
        app.become(AppState.STANDBY);
        app.log.append(LogLine.Source.IGNITION, "standing by for " + time.toSeconds() + " s");
        app.place = app.services
                .standbys()
                .enter(paused.machine().activity().lastPacketNanos(), () -> app.mailbox.execute(() -> leave(paused)));
        app.setDeadline(time, paused, () -> leave(paused));
        app.watch();
    }

    /** A packet waits, or somebody else needs the machine. */
    void wake(Session paused, WakeTimeline timeline) {
        end();
        paused.machine().goOn(timeline);
        app.woken("woken from standby", timeline);
        goOn.accept(paused);
    }

    /** The time is over, memory is short, or the daemon ends. Nothing happens when it ended otherwise meanwhile. */
    void leave(Session paused) {
        if (app.state() == AppState.STANDBY && app.session == paused) {
            end();
            app.become(AppState.SUSPENDING);
            leaveMemory.accept(paused);
        }
    }

    private void end() {
        app.cancelDeadline();
        app.leaveStandby();
        app.requireLink().unwatch();
    }
}
