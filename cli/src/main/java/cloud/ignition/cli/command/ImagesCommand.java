package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.Json;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Table;
import cloud.ignition.cli.render.Units;

/** {@code ignition images}. */
final class ImagesCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("images", "", "list stored images")
                .option(Option.flag("only the references", "-q", "--quiet"))
                .option(Option.flag("as JSON", "--json"))
                .example("ignition images");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject answer = context.daemon().get("/v1/images");
        if (arguments.has("--json")) {
            context.out().println(Json.pretty(answer));
        } else if (arguments.has("--quiet")) {
            answer.objects("images").forEach(image -> context.out().println(image.text("reference")));
        } else {
            Table table = new Table("IMAGE", "DIGEST", "SIZE");
            for (JsonObject image : answer.objects("images")) {
                table.row(image.text("reference"), image.text("digest"), Units.mebibytes(image.number("sizeBytes")));
            }
            context.out().print(table);
        }
        return 0;
    }
}
