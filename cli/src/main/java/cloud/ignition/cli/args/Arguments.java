package cloud.ignition.cli.args;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A parsed command line. */
public final class Arguments {
    private final Map<String, List<String>> options;
    private final List<String> operands;

    Arguments(Map<String, List<String>> options, List<String> operands) {
        this.options = options;
        this.operands = List.copyOf(operands);
    }

    /** Whether the option was given. */
    public boolean has(String name) {
        return options.containsKey(name);
    }

    /** The value of an option that may be given once. */
    public Optional<String> value(String name) {
        return values(name).stream().findFirst();
    }

    /** All values of an option, in the order they were given. */
    public List<String> values(String name) {
        return options.getOrDefault(name, List.of());
    }

    /** The operands, in order. */
    public List<String> operands() {
        return operands;
    }
}
