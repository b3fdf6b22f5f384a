package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.vmm.MachineExit;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The ways out of being up: the guest ended, the user stopped it, or something failed. On the mailbox. */
final class Ending {
    private static final System.Logger LOG = System.getLogger(Ending.class.getName());

    private final App app;
    private final Compacting compacting;

    Ending(App app, Compacting compacting) {
        this.app = app;
        this.compacting = compacting;
    }

    void ended(Session from, MachineExit exit) {
        try {
            from.machine().pause(); // the console's last lines are in once this returns
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "pausing the ended machine of app " + app.name(), e);
        }
        ExitVerdict verdict = ExitVerdict.of(from, exit);
        List<String> lastLines = from.kernelLines().all();
        if (verdict.ending() != GuestEnd.Kind.EXIT) {
            lastLines.forEach(line -> app.log.append(LogLine.Source.KERNEL, line));
        }
        app.record = app.record.ended(new GuestEnd(verdict.ending(), lastLines));
        app.log.append(LogLine.Source.IGNITION, verdict.message());
        boolean stopped = !app.stoppers.isEmpty();
        UserException failure = UserException.failed("app " + app.name() + ": " + verdict.message());
        if (stopped) {
            settle(Phase.STOPPED, AppState.STOPPED, "", verdict.exitCode());
        } else if (verdict.phase() == Phase.FAILED) {
            settle(Phase.FAILED, AppState.FAILED, verdict.message(), verdict.exitCode());
        } else {
            settle(Phase.EXITED, AppState.EXITED, verdict.message(), verdict.exitCode());
        }
        if (verdict.exitCode().equals(Optional.of(0))) {
            app.tellStarterReady();
        } else {
            app.tellStarter(failure);
        }
    }

    void fail(String message, RuntimeException cause) {
        app.log.append(LogLine.Source.IGNITION, message);
        settle(Phase.FAILED, AppState.FAILED, message, Optional.empty());
        app.tellStarter(cause instanceof UserException user ? user : UserException.failed(message, cause));
    }

    /** The one way out of being up: no machine, no link, no ports, no memory. Harmless when it is out already. */
    void settle(Phase phase, AppState state, String message, Optional<Integer> exitCode) {
        app.cancelDeadline();
        Session last = app.session;
        if (last != null) {
            app.close(last);
        }
        app.detach();
        app.services.network().withdraw(app.name(), app.address);
        // Durable first: a crash in between must not wake what was stopped.
        app.record = app.record.inPhase(phase, Instant.now(), message, exitCode);
        app.services.state().write(app.record);
        compacting.end();
        app.shelf.clear();
        app.become(state);
        app.stoppers.forEach(stopper -> stopper.complete(null));
        app.stoppers.clear();
        if (phase == Phase.STOPPED) {
            app.tellStarter(UserException.conflict("app " + app.name() + " was stopped while it was started"));
        }
        if (app.shutdown != null) {
            app.shutdown.complete(null);
        }
    }
}
