package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.ProgressLine;

/** {@code ignition pull}. */
final class PullCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("pull", "IMAGE", "fetch an image from its registry")
                .operands(1, 1)
                .detail("Asks the registry even when the image is here, and prints its digest.")
                .example("ignition pull 127.0.0.1:5000/nginx:latest");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject request = new JsonObject()
                .put("reference", arguments.operands().getFirst())
                .put("always", true);
        try (ProgressLine progress = context.progress()) {
            JsonObject done = context.daemon()
                    .postForResult("/v1/images/pull", request, event -> progress.step(event.text("message")));
            progress.clear();
            context.out().println(done.object("image").text("digest"));
        }
        return 0;
    }
}
