package cloud.ignition.cli.args;

import java.util.List;
import java.util.Optional;

/**
 * One option of a verb.
 *
 * @param names every spelling, such as {@code -f} and {@code --follow}; the last is the one it is looked up by
 * @param valueName how the value is called in the help text; empty for a flag
 * @param repeatable whether it may be given more than once
 * @param help one line of help
 */
public record Option(List<String> names, Optional<String> valueName, boolean repeatable, String help) {

    /** A flag without a value. */
    public static Option flag(String help, String... names) {
        return new Option(List.of(names), Optional.empty(), false, help);
    }

    /** An option with a value. */
    public static Option value(String valueName, String help, String... names) {
        return new Option(List.of(names), Optional.of(valueName), false, help);
    }

    /** An option with a value that may be given again and again. */
    public static Option repeatable(String valueName, String help, String... names) {
        return new Option(List.of(names), Optional.of(valueName), true, help);
    }

    /** The name it is looked up by. */
    public String name() {
        return names.getLast();
    }

    boolean isFlag() {
        return valueName.isEmpty();
    }
}
