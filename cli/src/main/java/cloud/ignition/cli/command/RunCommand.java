package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.args.Arguments;
import cloud.ignition.cli.args.CommandSpec;
import cloud.ignition.cli.args.Option;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.ProgressLine;
import cloud.ignition.cli.render.Text;

/** {@code ignition run}: create an app, boot it, take its snapshot; attached unless {@code -d}. */
final class RunCommand implements Command {
    @Override
    public CommandSpec spec() {
        return new CommandSpec("run", "IMAGE [COMMAND [ARGUMENT...]]", "start an application from an image")
                .commandFollows()
                .operands(1, Integer.MAX_VALUE)
                .detail("")
                .detail("The image is pulled when it is missing and booted as a microVM. As soon as the application is")
                .detail("ready, the machine is saved and leaves; the first packet for a published port wakes it again.")
                .detail("")
                .detail("Without -d the command stays attached: it shows the application's output, Ctrl-C stops the")
                .detail(
                        "application (it stays listed; with --rm it is removed), and the exit code is the application's.")
                .detail("With -d it prints the name and returns once the application is ready.")
                .option(Option.flag("return once the application is ready", "-d", "--detach"))
                .option(Option.value("NAME", "name of the application (default: made up)", "--name"))
                .option(Option.repeatable(
                        "PORTS", "publish a port: [ADDRESS:]HOST:GUEST[/udp]; may be repeated", "-p", "--publish"))
                .option(Option.repeatable(
                        "K=V", "set an environment variable; K alone takes it from here", "-e", "--env"))
                .option(Option.value("SIZE", "guest memory (default: 256M)", "-m", "--memory"))
                .option(Option.value("N", "number of vCPUs (default: 1)", "--cpus"))
                .option(Option.value(
                        "CPUS",
                        "most of the host's CPUs that it uses, such as 0.5 (default: all its vCPUs can)",
                        "--cpu-limit"))
                .option(Option.value(
                        "SIZE[/s]", "bytes a second, each way, that its network carries (default: any)", "--net-rate"))
                .option(Option.value(
                        "N", "packets a second, each way, that its network carries (default: any)", "--net-packets"))
                .option(Option.value(
                        "TRIGGER",
                        "when the application is ready: first-listen (default), nth-listen=N,"
                                + " listen-on-port=PORT, user-space-ready, manual",
                        "--snapshot"))
                .option(Option.value(
                        "TIME", "sleep after this long without traffic (default: 10s; 0: never)", "--idle"))
                .option(Option.value(
                        "TIME",
                        "when idle, first stay paused in memory for this long, less when memory is short (default: 0)",
                        "--standby"))
                .option(Option.value(
                        "WHAT",
                        "suspend (default: wake as it was left) or discard (wake as it was ready)",
                        "--on-idle"))
                .option(Option.value("COMMAND", "replace the image's entrypoint", "--entrypoint"))
                .option(Option.value(
                        "USER", "user in the guest: name or number, with :group if wanted", "-u", "--user"))
                .option(Option.value("DIR", "working directory in the guest", "-w", "--workdir"))
                .option(Option.value("WHEN", "always or missing (default)", "--pull"))
                .option(Option.flag("remove the application when it ends (not with -d)", "--rm"))
                .example("ignition run -d --name web -p 8080:80 127.0.0.1:5000/nginx:latest")
                .example("ignition run -d -p 6379:6379 --memory 128M --idle 30s 127.0.0.1:5000/redis:latest")
                .example("ignition run -d -p 5353:53/udp --snapshot listen-on-port=53 registry.example/dns:1")
                .example("ignition run --rm 127.0.0.1:5000/node:latest node -e 'console.log(1+1)'");
    }

    @Override
    public int run(Arguments arguments, Context context) {
        JsonObject request = RunRequest.of(arguments, context.environment());
        boolean detached = arguments.has("--detach");
        if (detached && arguments.has("--rm")) {
            throw CliException.usage("--rm does not go with -d; leave one of them out");
        }
        try (AttachedApp attached = new AttachedApp(context, arguments.has("--rm"))) {
            if (!detached) {
                attached.stopOnInterrupt();
            }
            JsonObject app = start(request, context, attached);
            if (detached) {
                context.out().println(app.text("name"));
                return 0;
            }
            attached.named(app.text("name"));
            return attached.follow();
        }
    }

    private static JsonObject start(JsonObject request, Context context, AttachedApp attached) {
        try (ProgressLine progress = context.progress()) {
            JsonObject done = context.daemon().postForResult("/v1/apps", request, event -> {
                attached.named(event.text("app"));
                progress.step(event.text("message"));
            });
            JsonObject app = done.object("app");
            if (!app.text("message").isEmpty()) {
                progress.clear();
                context.err().println("ignition: note: " + Text.oneLine(app.text("message")));
            }
            return app;
        } catch (CliException e) {
            attached.showOutput();
            throw e;
        }
    }
}
