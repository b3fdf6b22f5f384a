package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.vmm.MachineExit;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the end of a guest means for its app.
 *
 * @param phase EXITED when the application or somebody in its guest wanted this end, FAILED when nobody did
 * @param ending how it ended
 * @param message one line that says why, with the last line of output that explains it
 * @param exitCode the application's, when it ended
 */
record ExitVerdict(Phase phase, GuestEnd.Kind ending, String message, Optional<Integer> exitCode) {
    private static final String PANIC_LINE = "Kernel panic - not syncing";
    private static final String NO_RESTART = "; it stays down until it is started again";

    static ExitVerdict of(Session session, MachineExit exit) {
        OptionalInt code = session.exitCode();
        return switch (exit.kind()) {
            case POWER_OFF -> code.isPresent() ? exited(session, code.getAsInt()) : poweredOff(session);
            case REBOOT -> session.kernelLines().newest(PANIC_LINE).isPresent() ? panicked(session) : rebooted(session);
            case PANIC -> panicked(session);
            case TRIPLE_FAULT -> failed(session, GuestEnd.Kind.TRIPLE_FAULT, "the guest triple-faulted");
            case FAILED -> failed(session, GuestEnd.Kind.FAILURE, "the machine failed: " + exit.reason());
        };
    }

    private static ExitVerdict exited(Session session, int code) {
        String why = code == 0 ? "" : session.errorLines().quoted("; last output: ");
        return new ExitVerdict(
                Phase.EXITED,
                GuestEnd.Kind.EXIT,
                "the application ended with exit code " + code
                        + session.initErrors().quoted("; ") + why,
                Optional.of(code));
    }

    private static ExitVerdict poweredOff(Session session) {
        if (!session.applicationStarted()) {
            return failed(session, GuestEnd.Kind.POWER_OFF, "the guest powered off before its application was started");
        }
        return ended(GuestEnd.Kind.POWER_OFF, "the guest powered itself off" + NO_RESTART);
    }

    private static ExitVerdict rebooted(Session session) {
        if (!session.applicationStarted()) {
            return failed(session, GuestEnd.Kind.REBOOT, "the guest rebooted before its application was started");
        }
        return ended(GuestEnd.Kind.REBOOT, "the guest rebooted" + NO_RESTART);
    }

    private static ExitVerdict ended(GuestEnd.Kind kind, String message) {
        return new ExitVerdict(Phase.EXITED, kind, message, Optional.empty());
    }

    private static ExitVerdict panicked(Session session) {
        String line = session.kernelLines().newest(PANIC_LINE).orElse("");
        return line.isEmpty()
                ? failed(session, GuestEnd.Kind.PANIC, "the guest's kernel panicked")
                : new ExitVerdict(
                        Phase.FAILED,
                        GuestEnd.Kind.PANIC,
                        "the guest's kernel panicked" + session.initErrors().quoted("; ") + ": "
                                + LastLines.shortened(line),
                        Optional.empty());
    }

    private static ExitVerdict failed(Session session, GuestEnd.Kind kind, String message) {
        return new ExitVerdict(
                Phase.FAILED,
                kind,
                message
                        + session.initErrors().quoted("; ")
                        + session.kernelLines().quoted("; last kernel message: "),
                Optional.empty());
    }
}
