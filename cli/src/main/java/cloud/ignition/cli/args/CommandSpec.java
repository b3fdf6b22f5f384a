package cloud.ignition.cli.args;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a verb accepts and what its help says. Built once with the chained methods, then only read. */
public final class CommandSpec {
    /** Accepted by every verb. */
    static final List<Option> COMMON = List.of(
            Option.value(
                    "PATH", "the daemon's socket (default: $IGNITION_SOCKET, then /run/ignition.sock)", "--socket"),
            Option.flag("show this help", "-h", "--help"));

    private final String name;
    private final String operands;
    private final String summary;
    private final List<String> details = new ArrayList<>();
    private final List<Option> options = new ArrayList<>();
    private final List<String> examples = new ArrayList<>();
    private int least;
    private int most;
    private boolean commandFollows;

    /**
     * Starts the description of a verb.
     *
     * @param name the verb
     * @param operands how its operands are written in the usage line, such as {@code NAME...}
     * @param summary one line without a full stop
     */
    public CommandSpec(String name, String operands, String summary) {
        this.name = name;
        this.operands = operands;
        this.summary = summary;
    }

    /** Adds an option. */
    public CommandSpec option(Option option) {
        options.add(option);
        return this;
    }

    /** Adds a line of explanation. */
    public CommandSpec detail(String line) {
        details.add(line);
        return this;
    }

    /** Adds an example, shown as it is typed. */
    public CommandSpec example(String line) {
        examples.add(line);
        return this;
    }

    /** Says how many operands are accepted. */
    public CommandSpec operands(int atLeast, int atMost) {
        this.least = atLeast;
        this.most = atMost;
        return this;
    }

    /** Says that everything after the first operand is another program's command line and is left alone. */
    public CommandSpec commandFollows() {
        this.commandFollows = true;
        return this;
    }

    /** The verb. */
    public String name() {
        return name;
    }

    /** One line of what it does. */
    public String summary() {
        return summary;
    }

    String usage() {
        return ("ignition " + name + " [OPTIONS] " + operands).strip();
    }

    List<String> details() {
        return details;
    }

    List<String> examples() {
        return examples;
    }

    List<Option> options() {
        List<Option> all = new ArrayList<>(options);
        all.addAll(COMMON);
        return all;
    }

    int least() {
        return least;
    }

    int most() {
        return most;
    }

    boolean isCommandFollowing() {
        return commandFollows;
    }

    Optional<Option> find(String spelling) {
        return options().stream().filter(o -> o.names().contains(spelling)).findFirst();
    }
}
