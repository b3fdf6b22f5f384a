package cloud.ignition.cli.command;

import java.util.List;
import java.util.Optional;

/** All verbs. A switch and not a map: only the class of the verb that is used gets loaded. */
public final class Commands {
    /** The names in the order of the help. */
    public static final List<String> NAMES = List.of(
            "daemon", "run", "ps", "inspect", "trace", "logs", "stop", "start", "rm", "pull", "images", "rmi", "doctor",
            "version");

    private Commands() {}

    /** The verb of the given name. */
    public static Optional<Command> find(String name) {
        return Optional.ofNullable(
                switch (name) {
                    case "daemon" -> new DaemonCommand();
                    case "run" -> new RunCommand();
                    case "ps" -> new PsCommand();
                    case "inspect" -> new InspectCommand();
                    case "trace" -> new TraceCommand();
                    case "logs" -> new LogsCommand();
                    case "stop" -> new StopCommand();
                    case "start" -> new StartCommand();
                    case "rm" -> new RmCommand();
                    case "pull" -> new PullCommand();
                    case "images" -> new ImagesCommand();
                    case "rmi" -> new RmiCommand();
                    case "doctor" -> new DoctorCommand();
                    case "version" -> new VersionCommand();
                    default -> null;
                });
    }
}
