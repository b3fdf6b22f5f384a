package cloud.ignition.e2e.traffic;

import cloud.ignition.vmm.VsockHub;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The host's side of the guest's sockets past the network: a stream that the host connects, and one that the guest does. */
final class VsockHost implements AutoCloseable {
    /** As in e2e/guest/traffic.h. */
    private static final int GUEST_PORT = 7000;

    private static final int HOST_PORT = 7001;

    /** Numbers of the two streams' patterns. */
    private static final int ACCEPTED_BY_GUEST = 0;

    private static final int CONNECTED_BY_GUEST = 1;

    private static final int LONGEST_ANSWER = 32;

    private final VsockHub hub;
    private final Path callers;
    private final ServerSocketChannel listener;

    /** Listens, before the guest boots. */
    VsockHost(Path directory) {
        hub = VsockHub.open(directory.resolve("vsock"));
        callers = directory.resolve("vsock_" + HOST_PORT);
        try {
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            listener.bind(UnixDomainSocketAddress.of(callers));
            listener.configureBlocking(false);
        } catch (IOException e) {
            hub.close();
            throw new UncheckedIOException(e);
        }
    }

    VsockHub hub() {
        return hub;
    }

    /** Connects to the guest. */
    StreamClient connect(Faults faults) {
        try {
            SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(hub.path()));
            ByteBuffer request = ByteBuffer.wrap(("CONNECT " + GUEST_PORT + "\n").getBytes(StandardCharsets.US_ASCII));
            while (request.hasRemaining()) {
                socket.write(request);
            }
            String answer = line(socket);
            if (!answer.matches("OK \\d+")) {
                throw new AssertionError("the guest's answer to CONNECT is \"" + answer + '"');
            }
            return stream("vsock stream of the host", socket, ACCEPTED_BY_GUEST, faults);
        } catch (IOException e) {
            throw new AssertionError("cannot connect to the guest: " + e.getMessage(), e);
        }
    }

    /** Waits for the guest's connection. */
    StreamClient accept(Faults faults) {
        AtomicReference<@Nullable SocketChannel> accepted = new AtomicReference<>();
        faults.await("the guest connects", TrafficGuest.LIMIT, () -> {
            try {
                accepted.set(listener.accept());
                return accepted.get() != null;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return stream("vsock stream of the guest", Objects.requireNonNull(accepted.get()), CONNECTED_BY_GUEST, faults);
    }

    private static StreamClient stream(String name, SocketChannel socket, int number, Faults faults) {
        return new StreamClient(
                name, socket, Pattern.salt(Pattern.VSOCK_UP, number), Pattern.salt(Pattern.VSOCK_DOWN, number), faults);
    }

    private static String line(SocketChannel socket) throws IOException {
        ByteBuffer octet = ByteBuffer.allocate(1);
        StringBuilder text = new StringBuilder();
        while (text.length() < LONGEST_ANSWER && socket.read(octet.clear()) > 0 && octet.get(0) != '\n') {
            text.append((char) octet.get(0));
        }
        return text.toString();
    }

    @Override
    public void close() {
        try {
            listener.close();
            Files.deleteIfExists(callers);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            hub.close();
        }
    }
}
