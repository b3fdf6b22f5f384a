package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.state.AppRecord.Phase;
import cloud.ignition.vmm.MachineExit;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the end of a guest means for its app.
 *
 * @param phase EXITED when the application ended, FAILED when the guest did
 * @param message one line that says why, with the last line of output that explains it
 * @param exitCode the application's, when it ended
 */
record ExitVerdict(Phase phase, String message, Optional<Integer> exitCode) {

    static ExitVerdict of(Session session, MachineExit exit) {
        OptionalInt code = session.exitCode();
        if (exit.kind() == MachineExit.Kind.POWER_OFF && code.isPresent()) {
            String why = code.getAsInt() == 0 ? "" : session.errorLines().quoted("; last output: ");
            return new ExitVerdict(
                    Phase.EXITED,
                    "the application ended with exit code " + code.getAsInt()
                            + session.initErrors().quoted("; ") + why,
                    Optional.of(code.getAsInt()));
        }
        String ending = switch (exit.kind()) {
            case POWER_OFF -> "the guest powered off without an exit code of the application";
            case RESET -> "the guest's kernel panicked or reset";
            case FAILED -> "the machine failed: " + exit.reason();
        };
        return new ExitVerdict(
                Phase.FAILED,
                ending
                        + session.initErrors().quoted("; ")
                        + session.kernelLines().quoted("; last kernel message: "),
                Optional.empty());
    }
}
