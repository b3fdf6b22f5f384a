package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** One TCP connection over all sleeps, the pattern in both directions at once. */
final class StreamClient implements AutoCloseable {
    private static final int PIECE = 32 << 10;
    private static final long PAUSE_MILLIS = 40;

    private final Faults faults;
    private final Socket socket = new Socket();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private volatile boolean closing;

    StreamClient(InetSocketAddress guest, Faults faults) {
        this.faults = faults;
        try {
            socket.connect(guest);
        } catch (IOException e) {
            throw new AssertionError("cannot connect to " + guest, e);
        }
        thread("stream-out", this::send);
        thread("stream-in", this::receive);
    }

    private void thread(String name, IoWork work) {
        Thread.ofPlatform().daemon(true).name(name).start(() -> {
            try {
                work.run();
            } catch (IOException e) {
                if (!closing) {
                    faults.report(new AssertionError("the stream broke: " + e.getMessage(), e));
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

    private void send() throws IOException {
        long salt = Pattern.salt(Pattern.UP, socket.getLocalPort());
        SplittableRandom sizes = new SplittableRandom(salt);
        byte[] piece = new byte[PIECE];
        OutputStream out = socket.getOutputStream();
        for (long position = 0; ; ) {
            int length = sizes.nextInt(1, PIECE + 1);
            Pattern.fill(piece, length, salt, position);
            out.write(piece, 0, length);
            position += length;
            sent.set(position);
            Faults.sleep(PAUSE_MILLIS);
        }
    }

    private void receive() throws IOException {
        long salt = Pattern.salt(Pattern.DOWN, socket.getLocalPort());
        byte[] piece = new byte[PIECE];
        InputStream in = socket.getInputStream();
        for (long position = 0; ; ) {
            int length = in.read(piece);
            if (length < 0) {
                throw new IOException("the guest closed it");
            }
            int good = Pattern.check(piece, length, salt, position);
            if (good < length) {
                faults.report("stream to the host: wrong byte at " + (position + good));
                return;
            }
            position += length;
            received.set(position);
        }
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
