package cloud.ignition.vmm.boot;

import cloud.ignition.vmm.Limits;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The guest kernel's command line. */
public final class CommandLine {
    /**
     * Parameters of all machines. No watchdogs: their timers would wake an idle guest, and one that compares the TSC with
     * kvmclock takes a restore, where the two are set one after the other, for an unstable TSC.
     */
    private static final String ALWAYS =
            "console=ttyS0 quiet reboot=k panic=-1 no_timer_check nowatchdog tsc=nowatchdog";

    private CommandLine() {}

    /**
     * Joins the parameters of all machines, of this machine's devices, and of the owner.
     *
     * @return ASCII bytes, NUL-terminated
     * @throws IllegalArgumentException when the line is longer than the kernel reads
     */
    public static byte[] of(List<String> deviceParameters, List<String> ownerParameters) {
        StringBuilder line = new StringBuilder(ALWAYS);
        deviceParameters.forEach(p -> line.append(' ').append(p));
        ownerParameters.forEach(p -> line.append(' ').append(p));
        if (line.length() > Limits.MAX_COMMAND_LINE_BYTES) {
            throw new IllegalArgumentException("the kernel command line of " + line.length() + " bytes is longer than "
                    + Limits.MAX_COMMAND_LINE_BYTES + "; give fewer kernel parameters");
        }
        return line.append('\0').toString().getBytes(StandardCharsets.US_ASCII);
    }
}
