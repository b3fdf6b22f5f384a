package cloud.ignition.cli.command;

import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.http.DaemonClient;

/** {@code ignition rmi}. */
final class RmiCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("rmi", "IMAGE...", "remove stored images that no application uses")
                .operands(1, Integer.MAX_VALUE)
                .example("ignition rmi 127.0.0.1:5000/nginx:latest");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        return EachOperand.run(
                arguments.operands(),
                context,
                image -> context.daemon().delete("/v1/images?reference=" + DaemonClient.encode(image)));
    }
}
