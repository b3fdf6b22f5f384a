package cloud.ignition.cli.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** Decodes the chunked transfer coding (RFC 9112 section 7.1). */
final class ChunkedInputStream extends InputStream {
    private final InputStream in;
    private long left;
    private boolean started;
    private boolean ended;

    ChunkedInputStream(InputStream in) {
        this.in = in;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        if (left == 0 && !ended) {
            nextChunk();
        }
        if (ended) {
            return -1;
        }
        int count = in.read(into, offset, (int) Math.min(length, left));
        if (count < 0) {
            throw new EOFException("the connection to the daemon broke");
        }
        left -= count;
        return count;
    }

    private void nextChunk() throws IOException {
        if (started && !Lines.readHeaderLine(in).isEmpty()) {
            throw new IOException("the answer's chunk has no end");
        }
        started = true;
        String size = Lines.readHeaderLine(in).split(";", 2)[0].strip();
        if (!size.matches("[0-9a-fA-F]{1,8}")) {
            throw new IOException("the answer's chunk size is malformed");
        }
        left = Long.parseLong(size, 16);
        if (left == 0) {
            ended = true;
            while (!Lines.readHeaderLine(in).isEmpty()) {
                // Trailer fields say nothing that is needed.
            }
        }
    }
}
