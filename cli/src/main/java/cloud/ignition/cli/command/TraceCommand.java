package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.Limits;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.SvgTimeLines;
import cloud.ignition.cli.render.TimeLine;
import cloud.ignition.cli.render.Units;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code ignition trace}. */
final class TraceCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("trace", "NAME", "draw where the time of an application's last wakes went")
                .operands(1, 1)
                .detail(
                        "One bar per stage, from when the stage before was reached to when it was: packet seen, shell taken,")
                .detail(
                        "memory mapped, state loaded, vCPU entered, first sign of the guest, its first packet, and its first")
                .detail("packet that carries data. docs/performance.md says what each stage is.")
                .option(Option.value(
                        "N", "the last N wakes (default: 1; " + Limits.TRACED_WAKES + " are kept)", "--last"))
                .option(Option.value("FILE", "also write them as a picture, on one scale", "--svg"))
                .example("ignition trace web")
                .example("ignition trace web --last 5 --svg wakes.svg");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        int last = arguments
                .value("--last")
                .map(text -> Units.parseCount("--last", text, 1, Limits.TRACED_WAKES))
                .orElse(1);
        Optional<Path> svg = arguments.value("--svg").map(TraceCommand::file);
        JsonObject app =
                context.daemon().get(AppRequests.app(arguments.operands().getFirst()));
        List<JsonObject> wakes = app.objects("lastWakes");
        if (wakes.isEmpty()) {
            context.err().println("ignition: " + app.text("name") + " has not been woken yet");
            return 0;
        }
        List<TimeLine> lines = new ArrayList<>();
        for (JsonObject wake : wakes.subList(Math.max(0, wakes.size() - last), wakes.size())) {
            lines.add(timeLine(app.text("name"), wake));
        }
        lines.forEach(line -> context.out().print(line));
        svg.ifPresent(file -> write(file, SvgTimeLines.of(lines)));
        return 0;
    }

    private static TimeLine timeLine(String name, JsonObject wake) {
        TimeLine line =
                new TimeLine(name + ", woken " + wake.text("at") + (wake.flag("coldBoot") ? " by a cold boot" : ""));
        wake.objects("stages").forEach(stage -> line.reached(stage.text("name"), stage.number("nanos")));
        return line;
    }

    private static Path file(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw CliException.usage("option --svg: '" + text + "' is not a file name");
        }
    }

    private static void write(Path file, String svg) {
        try {
            Files.writeString(file, svg);
        } catch (IOException e) {
            throw CliException.failed("the picture cannot be written to " + file + ": " + e.getMessage(), e);
        }
    }
}
