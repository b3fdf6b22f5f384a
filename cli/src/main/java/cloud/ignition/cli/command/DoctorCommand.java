package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.doctor.Doctor;
import cloud.ignition.cli.doctor.Finding;
import cloud.ignition.cli.doctor.Host;
import cloud.ignition.cli.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code ignition doctor}. */
final class DoctorCommand implements Command {
    private static final String DEFAULT_STATE = "/var/lib/ignition";

    @Override
    public CommandSpec spec() {
        return new CommandSpec("doctor", "", "check whether this host can run applications")
                .detail("A line per check: ok, warn (works, with a lack) or FAIL (applications cannot run), with the")
                .detail("remedy. Exit code 1 when anything fails. The daemon need not run.")
                .option(Option.value("DIR", "the daemon's state directory (default: /var/lib/ignition)", "--state"))
                .example("ignition doctor")
                .example("ignition doctor --state /srv/ignition");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        List<Finding> findings = new ArrayList<>();
        String state = arguments.value("--state").orElse(DEFAULT_STATE);
        Finding daemon;
        try {
            JsonObject info = context.daemon().get("/v1/info");
            daemon = new Finding(
                    Finding.Status.OK,
                    "daemon",
                    "version " + info.text("version") + " at "
                            + context.daemon().socket(),
                    "");
            state = arguments.value("--state").orElse(info.text("stateDirectory"));
        } catch (CliException e) {
            daemon = new Finding(
                    Finding.Status.WARN,
                    "daemon",
                    "not running at " + context.daemon().socket(),
                    "start it with: ignition daemon");
        }
        findings.addAll(Doctor.examine(new Host(Path.of("/"), context.environment()), Path.of(state)));
        findings.add(daemon);
        findings.forEach(finding -> context.out().println(line(finding)));
        return findings.stream().anyMatch(f -> f.status() == Finding.Status.FAIL) ? CliException.FAILED : 0;
    }

    private static String line(Finding finding) {
        String remedy = finding.remedy().isEmpty() ? "" : "; " + finding.remedy();
        return "%-4s  %s: %s%s".formatted(finding.status().word(), finding.subject(), finding.detail(), remedy);
    }
}
