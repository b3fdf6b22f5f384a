package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Units;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The options of {@code run} as the API's request; what needs the daemon's knowledge is left to the daemon. */
final class RunRequest {
    private static final int MOST_VCPUS = 64;
    private static final int MOST_PACKETS_PER_SECOND = 999_999_999;

    private RunRequest() {}

    static JsonObject of(Arguments arguments, Map<String, String> environment) {
        List<String> operands = arguments.operands();
        JsonObject request = new JsonObject();
        request.put("image", operands.getFirst());
        request.put("command", operands.subList(1, operands.size()));
        request.put("ports", arguments.values("--publish"));
        request.put("env", environment(arguments.values("--env"), environment));
        arguments.value("--name").ifPresent(value -> request.put("name", value));
        arguments.value("--memory").ifPresent(v -> request.put("memoryBytes", Units.parseBytes("--memory", v)));
        arguments.value("--cpus").ifPresent(v -> request.put("vcpus", Units.parseCount("--cpus", v, 1, MOST_VCPUS)));
        arguments
                .value("--cpu-limit")
                .ifPresent(v -> request.put("cpuLimitMilliCpus", Units.parseMilliCpus("--cpu-limit", v)));
        arguments
                .value("--net-rate")
                .ifPresent(v -> request.put("netBytesPerSecond", Units.parseBytesPerSecond("--net-rate", v)));
        arguments
                .value("--net-packets")
                .ifPresent(v -> request.put(
                        "netPacketsPerSecond", Units.parseCount("--net-packets", v, 0, MOST_PACKETS_PER_SECOND)));
        arguments.value("--snapshot").ifPresent(value -> request.put("snapshot", value));
        arguments
                .value("--idle")
                .ifPresent(v -> request.put(
                        "idleMillis", Units.parseDuration("--idle", v).toMillis()));
        arguments
                .value("--standby")
                .ifPresent(v -> request.put(
                        "standbyMillis", Units.parseDuration("--standby", v).toMillis()));
        oneOf(arguments, "--on-idle", "suspend", "discard").ifPresent(value -> request.put("onIdle", value));
        arguments.value("--entrypoint").ifPresent(value -> request.put("entrypoint", value));
        arguments.value("--user").ifPresent(value -> request.put("user", value));
        arguments.value("--workdir").ifPresent(value -> request.put("workdir", value));
        oneOf(arguments, "--pull", "always", "missing").ifPresent(value -> request.put("pull", value));
        return request;
    }

    private static List<String> environment(List<String> given, Map<String, String> environment) {
        List<String> variables = new ArrayList<>();
        for (String variable : given) {
            if (variable.indexOf('=') >= 0) {
                variables.add(variable);
            } else if (environment.containsKey(variable)) {
                variables.add(variable + "=" + environment.get(variable));
            } else {
                throw CliException.usage(
                        "option --env: variable '" + variable + "' is not set here; write " + variable + "=VALUE");
            }
        }
        return variables;
    }

    private static Optional<String> oneOf(Arguments arguments, String option, String first, String second) {
        Optional<String> value = arguments.value(option);
        value.filter(v -> !v.equals(first) && !v.equals(second)).ifPresent(v -> {
            throw CliException.usage("option " + option + ": '" + v + "' is unknown; use " + first + " or " + second);
        });
        return value;
    }
}
