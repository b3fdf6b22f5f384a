package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.UnixSocket;
import cloud.ignition.vmm.memory.IoVector;
import cloud.ignition.vmm.virtio.Limits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The host's side on unix sockets. Peers that want a port of the guest connect to the socket at a path and say which; what the
 * guest connects to, port P of the host, is whoever listens at the path followed by {@code _P}.
 *
 * <p>Everything is in one epoll instance. Streams are in it edge-triggered for all there is to know, so that a stream that may not
 * be read for want of credit costs nothing; the rest is level-triggered.
 */
public final class UnixBackend implements VsockBackend, AutoCloseable {
    private static final int EVENTS_PER_POLL = 64;
    private static final long LISTENER = 0;
    private static final int STREAM_EVENTS = Epoll.IN | Epoll.OUT | Epoll.RDHUP | Epoll.ET;

    private record Suspended(long token, List<VsockStream> streams) {}

    private final String path;
    private final UnixSocket listening;
    private final Epoll epoll;
    private final Epoll.Events events = new Epoll.Events(EVENTS_PER_POLL);
    private final IoVector vector = new IoVector(Limits.CHAIN_DESCRIPTORS);
    private final Map<Long, Greeting> greetings = new LinkedHashMap<>();
    private final Map<Long, UnixStream> streams = new HashMap<>();
    private long nextToken = LISTENER + 1;
    private boolean accepting = true;
    private @Nullable Suspended suspended;
    private boolean orphaned;

    private UnixBackend(String path, UnixSocket listening, Epoll epoll) {
        this.path = path;
        this.listening = listening;
        this.epoll = epoll;
    }

    /**
     * Listens at a path, where nothing may be yet; what is there after a failure is the caller's to remove.
     *
     * @throws LinuxException when the host refuses
     */
    public static UnixBackend listen(String path) {
        UnixSocket listening = UnixSocket.listen(path, Limits.VSOCK_BACKLOG);
        try {
            return watching(path, listening);
        } catch (RuntimeException e) {
            listening.close();
            throw e;
        }
    }

    private static UnixBackend watching(String path, UnixSocket listening) {
        Epoll epoll = Epoll.create();
        try {
            epoll.add(listening.fd(), Epoll.IN, LISTENER);
            return new UnixBackend(path, listening, epoll);
        } catch (RuntimeException e) {
            epoll.close();
            throw e;
        }
    }

    @Override
    public Optional<Fd> fd() {
        return Optional.of(epoll.fd());
    }

    /** Streams there are, those included that only linger. */
    int streamCount() {
        return streams.size();
    }

    @Override
    public void poll(Listener listener) {
        int count = epoll.await(events, 0);
        for (int i = 0; i < count; i++) {
            long token = events.token(i);
            Greeting greeting = greetings.get(token);
            UnixStream stream = streams.get(token);
            if (token == LISTENER) {
                accept();
            } else if (greeting != null) {
                greet(token, greeting, listener);
            } else if (stream != null && stream.isLingering()) {
                stream.linger();
            } else if (stream != null) {
                listener.ready(stream, events.events(i));
            } // else: closed by what was done for an event before this one
        }
    }

    /** One at a time: when more wait, the socket stays readable. */
    private void accept() {
        try {
            listening.accept().ifPresent(this::await);
        } catch (LinuxException e) {
            // No room on the host: whoever waits goes on waiting until something of ours is closed.
            accepting = false;
            epoll.modify(listening.fd(), 0, LISTENER);
        }
    }

    private void await(UnixSocket accepted) {
        if (greetings.size() >= Limits.VSOCK_GREETINGS) {
            drop(greetings.keySet().iterator().next());
        }
        long token = nextToken++;
        try {
            epoll.add(accepted.fd(), Epoll.IN, token);
        } catch (LinuxException e) {
            accepted.close();
            throw e;
        }
        greetings.put(token, new Greeting(accepted));
    }

    private void drop(long token) {
        Greeting greeting = greetings.remove(token);
        if (greeting != null) {
            greeting.socket().close();
            acceptAgain();
        }
    }

    private void acceptAgain() {
        if (!accepting) {
            accepting = true;
            epoll.modify(listening.fd(), Epoll.IN, LISTENER);
        }
    }

    private void greet(long token, Greeting greeting, Listener listener) {
        OptionalLong port = greeting.read();
        if (greeting.failed() || (port.isPresent() && isFull())) {
            drop(token);
        } else if (port.isPresent()) {
            connected(token, greeting.socket(), (int) port.getAsLong(), listener);
        }
    }

    private void connected(long token, UnixSocket socket, int port, Listener listener) {
        try {
            epoll.modify(socket.fd(), STREAM_EVENTS, token);
        } catch (LinuxException e) {
            drop(token); // no room on the host
            return;
        }
        greetings.remove(token);
        listener.connecting(stream(token, socket), port);
    }

    @Override
    public Optional<VsockStream> connect(int hostPort) {
        if (isFull()) {
            return Optional.empty();
        }
        UnixSocket socket;
        try {
            socket = UnixSocket.connect(path + "_" + Integer.toUnsignedString(hostPort));
        } catch (LinuxException e) {
            return Optional.empty(); // nobody there, or nobody who has time
        }
        try {
            long token = nextToken++;
            epoll.add(socket.fd(), STREAM_EVENTS, token);
            return Optional.of(stream(token, socket));
        } catch (LinuxException e) {
            socket.close();
            return Optional.empty();
        }
    }

    private boolean isFull() {
        return streams.size() >= Limits.VSOCK_CONNECTIONS;
    }

    private UnixStream stream(long token, UnixSocket socket) {
        UnixStream stream = new UnixStream(socket, vector, () -> {
            streams.remove(token);
            acceptAgain();
        });
        streams.put(token, stream);
        return stream;
    }

    @Override
    public long suspend(List<VsockStream> all) {
        long token = ThreadLocalRandom.current().nextLong();
        suspended = new Suspended(token, List.copyOf(all));
        orphaned = false;
        return token;
    }

    @Override
    public void running() {
        if (orphaned) {
            orphaned = false;
            closeStreams(stream -> !stream.isLingering());
        }
        suspended = null;
    }

    @Override
    public Optional<List<VsockStream>> takeOver(long token) {
        Suspended kept = suspended;
        if (kept != null && kept.token() == token) {
            orphaned = false;
            return Optional.of(kept.streams());
        }
        orphaned = true;
        running();
        return Optional.empty();
    }

    @Override
    public void detach() {
        if (suspended == null) {
            closeStreams(stream -> !stream.isLingering());
        } else {
            orphaned = true;
        }
    }

    private void closeStreams(Predicate<UnixStream> which) {
        new ArrayList<>(streams.values()).stream().filter(which).forEach(UnixStream::close);
    }

    /** Ends everything; the file at the path stays. */
    @Override
    public void close() {
        new Closing()
                .thenEach(List.copyOf(streams.values()), UnixStream::close)
                .thenEach(greetings.values(), greeting -> greeting.socket().close())
                .then(greetings::clear)
                .then(listening::close)
                .then(epoll::close)
                .orThrow();
    }
}
