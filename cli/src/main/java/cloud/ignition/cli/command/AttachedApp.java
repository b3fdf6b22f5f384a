package cloud.ignition.cli.command;

import cloud.ignition.cli.CliException;
import cloud.ignition.cli.json.JsonObject;
import cloud.ignition.cli.render.Text;

/**
 * The application that a {@code run} without {@code -d} stays attached to. Ctrl-C ends the JVM, whose shutdown hook then
 * stops the application, as docker does.
 */
final class AttachedApp implements AutoCloseable {
    private static final int ENDED_BY_OTHERS = 1;

    private final Context context;
    private final boolean remove;
    private volatile String name = "";
    private volatile boolean over;

    AttachedApp(Context context, boolean remove) {
        this.context = context;
        this.remove = remove;
    }

    /** From now on, a signal that ends this process stops the application. */
    void stopOnInterrupt() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stopUnlessOver, "stop-attached"));
    }

    /** The daemon told the name. */
    void named(String given) {
        if (!given.isEmpty()) {
            name = given;
        }
    }

    /** Shows the output until the application ends; gives its exit code. */
    int follow() {
        context.daemon().getEvents(AppRequests.logs(name, true), LogPrinter.apart(context, false)::print);
        JsonObject app = context.daemon().get(AppRequests.app(name));
        int exitCode = app.optionalNumber("exitCode").map(Long::intValue).orElse(ENDED_BY_OTHERS);
        if (app.optionalNumber("exitCode").isEmpty()) {
            app.object("ending")
                    .texts("lastLines")
                    .forEach(line -> context.err().println("kernel: " + Text.oneLine(line)));
            context.err()
                    .println("ignition: " + name + " is " + app.text("state")
                            + Text.oneLine(app.text("message").isEmpty() ? "" : ": " + app.text("message")));
        }
        finish();
        return exitCode;
    }

    /** Shows what the application said before its start failed. */
    void showOutput() {
        if (!name.isEmpty()) {
            try {
                context.daemon()
                        .getEvents(AppRequests.logs(name, false) + "&tail=50", LogPrinter.explaining(context)::print);
            } catch (CliException e) {
                // The failure itself is told by the caller; without the app there is no output to show.
                context.err().flush();
            }
        }
    }

    @Override
    public void close() {
        over = true;
    }

    private void finish() {
        over = true;
        if (remove) {
            context.daemon().delete(AppRequests.app(name) + "?force=true");
        }
    }

    private void stopUnlessOver() {
        if (over || name.isEmpty()) {
            return;
        }
        try {
            context.err().println("ignition: stopping " + name);
            context.daemon().post(AppRequests.stop(name), new JsonObject());
            finish();
        } catch (CliException e) {
            context.err().println("ignition: " + Text.oneLine(String.valueOf(e.getMessage())));
        }
    }
}
