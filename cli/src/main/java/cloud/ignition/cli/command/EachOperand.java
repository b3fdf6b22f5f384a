package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.render.Text;
import java.util.List;
import java.util.function.Consumer;

/** Does something to every operand; one that fails does not keep the others from their turn. */
final class EachOperand {
    private EachOperand() {}

    /** Prints each operand that was done; gives 1 when any failed. */
    static int run(List<String> operands, Context context, Consumer<String> action) {
        int exitCode = 0;
        for (String operand : operands) {
            try {
                action.accept(operand);
                context.out().println(operand);
            } catch (CliException e) {
                if (operands.size() == 1) {
                    throw e;
                }
                context.err().println("ignition: " + Text.oneLine(String.valueOf(e.getMessage())));
                exitCode = CliException.FAILED;
            }
        }
        return exitCode;
    }
}
