package cloud.ignition.cli.http;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Sends requests to a socket. */
public final class UnixHttpClient {
    private final Path socket;

    /** A client for the server on the given socket; nothing is connected yet. */
    public UnixHttpClient(Path socket) {
        this.socket = socket;
    }

    /** Where requests go. */
    public Path socket() {
        return socket;
    }

    /**
     * Sends one request and reads the answer's head.
     *
     * @param target path and query, already encoded
     * @param body JSON, or empty for none
     * @throws ConnectFailedException when nobody listens
     * @throws IOException when the connection breaks or the answer is no HTTP
     */
    public HttpResponse send(String method, String target, byte[] body) throws IOException {
        SocketChannel channel = connect();
        try {
            StringBuilder head = new StringBuilder();
            head.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
            head.append("Host: ignition\r\nConnection: close\r\n");
            if (body.length > 0) {
                head.append("Content-Type: application/json\r\n");
            }
            if (body.length > 0 || method.equals("POST")) {
                head.append("Content-Length: ").append(body.length).append("\r\n");
            }
            head.append("\r\n");
            writeFully(channel, head.toString().getBytes(StandardCharsets.US_ASCII));
            writeFully(channel, body);
            return HttpResponse.read(new BufferedInputStream(Channels.newInputStream(channel)), channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private SocketChannel connect() throws IOException {
        try {
            return SocketChannel.open(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            throw new ConnectFailedException(e);
        }
    }

    private static void writeFully(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** Nobody listens on the socket, or it may not be opened. */
    public static final class ConnectFailedException extends IOException {
        private static final long serialVersionUID = 1L;

        ConnectFailedException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
