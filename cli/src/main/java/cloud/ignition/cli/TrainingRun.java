package cloud.ignition.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

/**
 * What {@code bin/ignition} runs once to learn which classes its start-up cache must hold: the common verbs against a
 * socket that gives one and the same answer.
 */
public final class TrainingRun {
    private static final String ANSWER = """
            {"event":"done","apps":[{"name":"web","state":"sleeping","residentBytes":0,"wakes":1,"spec":{"ports":["80:80"]},\
            "stateSince":"2026-01-01T00:00:00Z","lastWakes":[{"at":"","stages":[{"name":"a","nanos":1}]}]}],"f":1.5,"t":true}
            """;

    private static final List<String> LINES = List.of(
            "--help",
            "run --help",
            "ps",
            "ps --json",
            "inspect web",
            "inspect web --wakes",
            "logs web",
            "images",
            "run -d --name=web -p 1:2 -e A=B --memory 64M --idle 1s image command",
            "stop web",
            "rm -f web",
            "version",
            "doctor",
            "nonsense");

    private TrainingRun() {}

    /** Runs it; needs a place for temporary files. */
    public static void main(String[] words) throws IOException {
        Path directory = Files.createTempDirectory("ignition-training-");
        Path socket = directory.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(server));
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
            Cli cli = new Cli(
                    nowhere, nowhere, false, Map.of("IGNITION_SOCKET", socket.toString()), InstantSource.system());
            for (String line : LINES) {
                cli.execute(List.of(line.split(" ")));
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }

    private static void serve(ServerSocketChannel server) {
        byte[] body = ANSWER.getBytes(StandardCharsets.UTF_8);
        String head =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(body.length) + "\r\n";
        byte[] answer = (head + ANSWER + "\r\n0\r\n\r\n").getBytes(StandardCharsets.UTF_8);
        try {
            while (true) {
                try (SocketChannel client = server.accept()) {
                    // The request fits into one read: it is short and written by this very process.
                    if (client.read(ByteBuffer.allocate(65_536)) > 0) {
                        client.write(ByteBuffer.wrap(answer));
                    }
                }
            }
        } catch (ClosedChannelException over) {
            // The training is done.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
