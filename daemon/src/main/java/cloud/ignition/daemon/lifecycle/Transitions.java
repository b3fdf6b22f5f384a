package cloud.ignition.daemon.lifecycle;

import static cloud.ignition.daemon.app.AppState.BOOTING;
import static cloud.ignition.daemon.app.AppState.CREATED;
import static cloud.ignition.daemon.app.AppState.EXITED;
import static cloud.ignition.daemon.app.AppState.FAILED;
import static cloud.ignition.daemon.app.AppState.PULLING;
import static cloud.ignition.daemon.app.AppState.RUNNING;
import static cloud.ignition.daemon.app.AppState.SLEEPING;
import static cloud.ignition.daemon.app.AppState.STANDBY;
import static cloud.ignition.daemon.app.AppState.STOPPED;
import static cloud.ignition.daemon.app.AppState.SUSPENDING;
import static cloud.ignition.daemon.app.AppState.WAKING;

import cloud.ignition.daemon.app.AppState;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/** The app state machine: which state may follow which. */
final class Transitions {
    private static final Map<AppState, Set<AppState>> NEXT = Map.ofEntries(
            // A new app's image is fetched; an adopted one sleeps or cannot go on.
            Map.entry(CREATED, EnumSet.of(PULLING, SLEEPING, STOPPED, FAILED)),
            Map.entry(PULLING, EnumSet.of(BOOTING, STOPPED, FAILED)),
            // The trigger came (SUSPENDING), took too long (RUNNING), or the daemon shuts down in between (SLEEPING).
            Map.entry(BOOTING, EnumSet.of(SUSPENDING, RUNNING, SLEEPING, STOPPED, EXITED, FAILED)),
            // Idle: saved (SUSPENDING) or dropped back to the ready snapshot (SLEEPING).
            Map.entry(RUNNING, EnumSet.of(SUSPENDING, SLEEPING, STOPPED, EXITED, FAILED)),
            // A save that fails, or one for a machine that is needed at once, goes back to RUNNING.
            Map.entry(SUSPENDING, EnumSet.of(SLEEPING, STANDBY, RUNNING, STOPPED, EXITED, FAILED)),
            // A packet came (RUNNING), the time is over or memory is short (SUSPENDING).
            Map.entry(STANDBY, EnumSet.of(RUNNING, SUSPENDING, STOPPED, EXITED, FAILED)),
            Map.entry(SLEEPING, EnumSet.of(WAKING, BOOTING, STOPPED, FAILED)),
            // The snapshot was refused (BOOTING), or the host refused for now (SLEEPING).
            Map.entry(WAKING, EnumSet.of(RUNNING, BOOTING, SLEEPING, STOPPED, EXITED, FAILED)),
            Map.entry(STOPPED, EnumSet.of(PULLING, BOOTING, FAILED)),
            Map.entry(EXITED, EnumSet.of(PULLING, BOOTING, STOPPED, FAILED)),
            Map.entry(FAILED, EnumSet.of(PULLING, BOOTING, STOPPED)));

    private Transitions() {}

    static boolean allowed(AppState from, AppState to) {
        return NEXT.getOrDefault(from, Set.of()).contains(to);
    }
}
