package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** One connection over all sleeps, the pattern in both directions at once. */
final class StreamClient implements AutoCloseable {
    private static final int PIECE = 32 << 10;
    private static final long PAUSE_MILLIS = 40;

    private final Faults faults;
    private final String name;
    private final SocketChannel socket;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private volatile boolean closing;

    /**
     * Begins to send and to receive.
     *
     * @param name for messages
     * @param socket connected and blocking; closed with this
     * @param up salt of the bytes to the guest
     * @param down salt of the bytes from it
     */
    StreamClient(String name, SocketChannel socket, long up, long down, Faults faults) {
        this.name = name;
        this.socket = socket;
        this.faults = faults;
        thread("out", () -> send(up));
        thread("in", () -> receive(down));
    }

    /** Over TCP. */
    static StreamClient connect(InetSocketAddress guest, Faults faults) {
        try {
            SocketChannel socket = SocketChannel.open(guest);
            int port = ((InetSocketAddress) socket.getLocalAddress()).getPort();
            return new StreamClient(
                    "TCP stream", socket, Pattern.salt(Pattern.UP, port), Pattern.salt(Pattern.DOWN, port), faults);
        } catch (IOException e) {
            throw new AssertionError("cannot connect to " + guest, e);
        }
    }

    private void thread(String direction, IoWork work) {
        Thread.ofPlatform().daemon(true).name(name + " " + direction).start(() -> {
            try {
                work.run();
            } catch (IOException e) {
                if (!closing) {
                    faults.report(new AssertionError(name + " broke: " + e.getMessage(), e));
                }
            }
        });
    }

    private interface IoWork {
        void run() throws IOException;
    }

    /** Bytes that the socket took. */
    long sent() {
        return sent.get();
    }

    /** Bytes that came, all of them right. */
    long received() {
        return received.get();
    }

    private void send(long salt) throws IOException {
        SplittableRandom sizes = new SplittableRandom(salt);
        byte[] piece = new byte[PIECE];
        OutputStream out = Channels.newOutputStream(socket);
        for (long position = 0; ; ) {
            int length = sizes.nextInt(1, PIECE + 1);
            Pattern.fill(piece, length, salt, position);
            out.write(piece, 0, length);
            position += length;
            sent.set(position);
            Faults.sleep(PAUSE_MILLIS);
        }
    }

    private void receive(long salt) throws IOException {
        byte[] piece = new byte[PIECE];
        InputStream in = Channels.newInputStream(socket);
        for (long position = 0; ; ) {
            int length = in.read(piece);
            if (length < 0) {
                throw new IOException("the guest closed it");
            }
            int good = Pattern.check(piece, length, salt, position);
            if (good < length) {
                faults.report(name + " to the host: wrong byte at " + (position + good));
                return;
            }
            position += length;
            received.set(position);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    @Override
    public void close() {
        closing = true;
        try {
            socket.close();
        } catch (IOException e) {
            faults.report(e);
        }
    }
}
