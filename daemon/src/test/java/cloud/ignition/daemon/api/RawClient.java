package cloud.ignition.daemon.api;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** Sends bytes to the socket as they are and reads what comes back. */
final class RawClient implements AutoCloseable {
    private final SocketChannel channel;
    private final BufferedReader reader;

    /** What came back: status and the body with its chunk framing still in it. */
    record Answer(int status, String head, String body) {}

    RawClient(Path socket) throws IOException {
        this.channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        this.reader =
                new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    }

    static Answer ask(Path socket, String method, String target, String body) throws IOException {
        try (RawClient client = new RawClient(socket)) {
            client.request(method, target, body);
            return client.answer();
        }
    }

    void request(String method, String target, String body) throws IOException {
        send(method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body);
    }

    void send(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Reads to the end of the connection. */
    Answer answer() throws IOException {
        String all = reader.lines().collect(Collectors.joining("\n"));
        int end = all.indexOf("\n\n");
        String head = end < 0 ? all : all.substring(0, end);
        return new Answer(Integer.parseInt(head.substring(9, 12)), head, end < 0 ? "" : all.substring(end + 2));
    }

    /** Reads up to the next line that contains the text. */
    String lineWith(String text) throws IOException {
        String line = reader.readLine();
        while (line != null && !line.contains(text)) {
            line = reader.readLine();
        }
        return line == null ? "" : line;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
