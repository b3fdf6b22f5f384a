package cloud.ignition.daemon.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Newline-delimited JSON to a reader who may leave at any time. When it has left, sending does nothing: the work that is
 * reported on goes on. Used by one thread.
 */
final class EventStream {
    private final Supplier<OutputStream> opener;
    private Optional<OutputStream> out = Optional.empty();
    private boolean readerGone;
    private long lastSent = System.nanoTime();

    EventStream(Supplier<OutputStream> opener) {
        this.opener = opener;
    }

    /** Sends one event. */
    void send(JsonNode event) {
        write(Json.write(event));
    }

    /** Whether the reader is still there; a silent stream is probed with an empty line now and then. */
    boolean isOpen() {
        if (System.nanoTime() - lastSent >= ApiLimits.KEEP_ALIVE.toNanos()) {
            write(new byte[0]);
        }
        return !readerGone;
    }

    /** Whether the answer's status has been sent. */
    boolean isStarted() {
        return out.isPresent();
    }

    /** Ends the stream, also an empty one. */
    void end() {
        if (readerGone) {
            return;
        }
        try {
            stream().close();
        } catch (IOException e) {
            readerGone = true;
        }
    }

    private void write(byte[] line) {
        if (readerGone) {
            return;
        }
        byte[] bytes = new byte[line.length + 1];
        System.arraycopy(line, 0, bytes, 0, line.length);
        bytes[line.length] = '\n';
        try {
            stream().write(bytes);
            lastSent = System.nanoTime();
        } catch (IOException e) {
            readerGone = true;
        }
    }

    private OutputStream stream() {
        OutputStream stream = out.orElseGet(opener);
        out = Optional.of(stream);
        return stream;
    }
}
