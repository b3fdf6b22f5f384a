package cloud.ignition.oci.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Ends a body that stops arriving: the client's own time limit covers the answer's headers only. A watcher closes the
 * stream when nothing came for the given time, which makes the blocked reader fail.
 */
final class StallGuard extends FilterInputStream {
    private final Thread watcher;
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean stalled;

    StallGuard(InputStream body, Duration patience) {
        super(body);
        this.watcher = Thread.ofVirtual().name("stall guard").start(() -> watch(patience));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        try {
            int count = super.read(buffer, offset, length);
            lastNanos = System.nanoTime();
            return count;
        } catch (IOException e) {
            throw stalled ? new IOException("no data for too long", e) : e;
        }
    }

    @Override
    public void close() throws IOException {
        watcher.interrupt();
        super.close();
    }

    private void watch(Duration patience) {
        long left = patience.toNanos();
        try {
            while (left > 0) {
                Thread.sleep(Duration.ofNanos(left));
                left = patience.toNanos() - (System.nanoTime() - lastNanos);
            }
            stalled = true;
            super.close();
        } catch (InterruptedException | IOException e) {
            // Interrupted: the body is read. A close that fails leaves a reader that fails by itself.
            return;
        }
    }
}
