package cloud.ignition.daemon;

import cloud.ignition.daemon.api.ApiServer;
import cloud.ignition.daemon.api.DaemonFacts;
import cloud.ignition.daemon.app.Daemon;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.lifecycle.DaemonAssembly;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** {@code ignition daemon}. */
public final class Main {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private Main() {}

    /** Starts the daemon; returns when it is ready, the process ends on SIGTERM or SIGINT. */
    public static void main(String[] words) {
        DaemonArguments arguments;
        try {
            arguments = DaemonArguments.parse(List.of(words), System.getenv());
        } catch (UserException e) {
            System.err.println("ignition: " + e.getMessage());
            System.exit(USAGE);
            return;
        }
        if (arguments.help()) {
            System.out.print(DaemonArguments.HELP);
            return;
        }
        boolean debug = "1".equals(System.getenv("IGNITION_DEBUG"));
        DaemonLog.install(debug);
        System.Logger log = System.getLogger("cloud.ignition.daemon");
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
                log.log(System.Logger.Level.ERROR, "thread " + thread.getName() + " ended by an error", failure));
        try {
            start(arguments, log);
        } catch (UserException e) {
            log.log(System.Logger.Level.ERROR, e.getMessage());
            if (debug) {
                log.log(System.Logger.Level.DEBUG, "in detail", e);
            }
            System.exit(FAILED);
        } catch (RuntimeException e) {
            log.log(System.Logger.Level.ERROR, "the daemon cannot start", e);
            System.exit(FAILED);
        }
    }

    private static void start(DaemonArguments arguments, System.Logger log) {
        log.log(
                System.Logger.Level.INFO,
                "ignition daemon {0}, state in {1}",
                version(),
                arguments.options().stateDirectory());
        HostCheck.requireHardwareVirtualisation(Path.of("/"));
        HostCheck.requireUsableKvm();
        ProcessLimits.apply();
        ApiServer.checkSocket(arguments.socket());
        Daemon daemon = DaemonAssembly.open(arguments.options());
        ApiServer api;
        try {
            api = ApiServer.start(arguments.socket(), facts(arguments), daemon.applications(), daemon.images());
        } catch (UserException e) {
            daemon.shutdown();
            throw e;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(api, daemon, log), "shutdown"));
        Duration took =
                Duration.between(ProcessHandle.current().info().startInstant().orElse(Instant.now()), Instant.now());
        log.log(
                System.Logger.Level.INFO,
                "READY on {0}, {1} apps, {2} ms after the start",
                api.socketPath(),
                daemon.applications().list().size(),
                Long.toString(took.toMillis()));
        daemon.ready();
    }

    /** Runs on SIGTERM and SIGINT; halts itself because the JVM would report the signal as its exit code. */
    private static void end(ApiServer api, Daemon daemon, System.Logger log) {
        int exitCode = OK;
        try {
            log.log(System.Logger.Level.INFO, "ending: saving what runs");
            api.close();
            daemon.shutdown();
            log.log(System.Logger.Level.INFO, "ended");
        } catch (RuntimeException e) {
            log.log(System.Logger.Level.ERROR, "the daemon did not end cleanly", e);
            exitCode = FAILED;
        }
        Runtime.getRuntime().halt(exitCode);
    }

    private static DaemonFacts facts(DaemonArguments arguments) {
        return new DaemonFacts(
                version(),
                arguments.options().stateDirectory(),
                arguments.options().network(),
                Instant.now());
    }

    private static String version() {
        var descriptor = Main.class.getModule().getDescriptor();
        return descriptor == null ? "unknown" : descriptor.rawVersion().orElse("unknown");
    }
}
