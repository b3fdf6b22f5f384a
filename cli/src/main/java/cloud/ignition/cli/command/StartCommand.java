package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.ProgressLine;

/** {@code ignition start}. */
final class StartCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("start", "NAME...", "boot stopped applications again")
                .operands(1, Integer.MAX_VALUE)
                .detail(
                        "With the options they were first run with. A sleeping application needs no start: packets wake it.")
                .example("ignition start web");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        return EachOperand.run(arguments.operands(), context, name -> {
            try (ProgressLine progress = context.progress()) {
                context.daemon()
                        .postForResult(
                                AppRequests.start(name),
                                new JsonObject(),
                                event -> progress.step(event.text("message")));
            }
        });
    }
}
