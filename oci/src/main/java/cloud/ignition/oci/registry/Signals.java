package cloud.ignition.oci.registry;

import static java.util.Map.entry;

import cloud.ignition.oci.ImageException;
import java.util.Locale;
import java.util.Map;

/** The signal numbers of Linux on x86-64 (arch/x86/include/uapi/asm/signal.h) by name. */
final class Signals {
    /** SIGTERM, the stop signal of images that name none. */
    static final int DEFAULT_STOP = 15;

    private static final int SIGRTMIN = 34;
    private static final int SIGRTMAX = 64;

    private static final Map<String, Integer> BY_NAME = Map.ofEntries(
            entry("HUP", 1),
            entry("INT", 2),
            entry("QUIT", 3),
            entry("ILL", 4),
            entry("TRAP", 5),
            entry("ABRT", 6),
            entry("IOT", 6),
            entry("BUS", 7),
            entry("FPE", 8),
            entry("KILL", 9),
            entry("USR1", 10),
            entry("SEGV", 11),
            entry("USR2", 12),
            entry("PIPE", 13),
            entry("ALRM", 14),
            entry("TERM", 15),
            entry("STKFLT", 16),
            entry("CHLD", 17),
            entry("CLD", 17),
            entry("CONT", 18),
            entry("STOP", 19),
            entry("TSTP", 20),
            entry("TTIN", 21),
            entry("TTOU", 22),
            entry("URG", 23),
            entry("XCPU", 24),
            entry("XFSZ", 25),
            entry("VTALRM", 26),
            entry("PROF", 27),
            entry("WINCH", 28),
            entry("IO", 29),
            entry("POLL", 29),
            entry("PWR", 30),
            entry("SYS", 31),
            entry("RTMIN", SIGRTMIN),
            entry("RTMAX", SIGRTMAX));

    private Signals() {}

    /**
     * The number of {@code SIGTERM}, {@code TERM}, {@code 15}, {@code SIGRTMIN+3} and the like.
     *
     * @throws ImageException when there is no such signal
     */
    static int number(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        Integer known = BY_NAME.get(name);
        if (known != null) {
            return known;
        }
        int number = -1;
        try {
            if (name.startsWith("RTMIN+")) {
                number = SIGRTMIN + Integer.parseUnsignedInt(name.substring(6));
            } else if (name.startsWith("RTMAX-")) {
                number = SIGRTMAX - Integer.parseUnsignedInt(name.substring(6));
            } else {
                number = Integer.parseInt(name);
            }
        } catch (NumberFormatException e) {
            throw unknown(text);
        }
        if (number < 1 || number > SIGRTMAX) {
            throw unknown(text);
        }
        return number;
    }

    private static ImageException unknown(String text) {
        return new ImageException(
                ImageException.Kind.REFUSED, "stop signal '" + text + "' of the image is no signal of Linux");
    }
}
