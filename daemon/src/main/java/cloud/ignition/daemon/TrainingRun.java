package cloud.ignition.daemon;

import cloud.ignition.daemon.api.ApiServer;
import cloud.ignition.daemon.api.DaemonFacts;
import cloud.ignition.daemon.app.DaemonOptions;
import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.lifecycle.DaemonAssembly;
import cloud.ignition.daemon.lifecycle.Rehearsal;
import java.io.IOException;
import java.lang.module.ModuleReader;
import java.lang.module.ResolvedModule;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@code bin/ignition} runs once to learn which classes the daemon's start-up cache must hold: the wiring on an empty state directory,
 * the API, an app's life on machines that are none ({@link Rehearsal}), the calls into the kernel, all of Ignition's own classes, and, where there is a KVM, wakes of the
 * built-in guest: the cache also holds how often what was called (JEP 515), so that they are compiled early. Leaves no machine and no
 * network device.
 */
public final class TrainingRun {
    private static final int WAKES = 2;

    private static final String RUN = "{\"image\":\"i\",\"ports\":[\"80:80\"],\"snapshot\":\"first-listen\"}";

    private TrainingRun() {}

    /** Runs it; needs a place for temporary files. */
    public static void main(String[] words) throws IOException {
        DaemonLog.install(false);
        Path directory = Files.createTempDirectory("ignition-training-");
        prepare(directory);
        DaemonFacts facts = new DaemonFacts("", directory, "", Instant.EPOCH);
        try (Rehearsal rehearsal = Rehearsal.open(directory.resolve("rehearsal"));
                ApiServer server =
                        ApiServer.start(directory.resolve("s"), facts, rehearsal.applications(), new NoImages())) {
            rehearsal.play(WAKES);
            ask(server.socketPath(), "GET /v1/info", "");
            ask(server.socketPath(), "GET /v1/apps", "");
            ask(server.socketPath(), "GET /v1/apps/rehearsed", "");
            ask(server.socketPath(), "POST /v1/apps", RUN);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            delete(directory);
        }
        for (ResolvedModule module : ModuleLayer.boot().configuration().modules()) {
            if (module.name().startsWith("cloud.ignition.")) {
                load(module);
            }
        }
        System.exit(0);
    }

    /** What comes before the API, but for the taps: those of a daemon that runs on this host are not ours to tidy. */
    private static void prepare(Path directory) {
        DaemonOptions options = DaemonArguments.parse(
                        List.of("--state", directory.resolve("state").toString()), Map.of())
                .options();
        try {
            HostCheck.requireHardwareVirtualisation(Path.of("/"));
        } catch (UserException e) {
            // The host that builds need not be able to run guests.
        }
        try {
            HostCheck.requireUsableKvm();
        } catch (UserException e) {
            // The way to the refused call is learnt as well.
        }
        ProcessLimits.apply();
        DaemonAssembly daemon = DaemonAssembly.openWithoutNetwork(options);
        try {
            daemon.warmUp(); // says so where it cannot
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        daemon.shutdown();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void load(ResolvedModule module) throws IOException {
        try (ModuleReader reader = module.reference().open();
                Stream<String> names = reader.list()) {
            names.filter(name -> name.endsWith(".class") && !name.equals("module-info.class"))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .filter(name -> !name.endsWith("package-info"))
                    .forEach(TrainingRun::load);
        }
    }

    private static void load(String name) {
        try {
            Class.forName(name, false, TrainingRun.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void ask(Path socket, String line, String body) throws IOException {
        String request = line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            ByteBuffer answer = ByteBuffer.allocate(8192);
            while (channel.read(answer) >= 0 && answer.hasRemaining()) {
                // Only that it is answered matters.
            }
        }
    }

    private static UserException nothing() {
        return UserException.notFound("nothing runs in a training run");
    }

    private static final class NoImages implements Images {
        @Override
        public ImageView pull(String reference, boolean always, Progress progress) {
            throw nothing();
        }

        @Override
        public List<ImageView> list() {
            return List.of();
        }

        @Override
        public void remove(String reference) {
            throw nothing();
        }
    }
}
