package cloud.ignition.cli.http;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** A body of announced length. */
final class FixedInputStream extends InputStream {
    private final InputStream in;
    private long left;

    FixedInputStream(InputStream in, long length) {
        this.in = in;
        this.left = length;
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
        if (left == 0) {
            return -1;
        }
        int count = in.read(into, offset, (int) Math.min(length, left));
        if (count < 0) {
            throw new EOFException("the connection to the daemon broke");
        }
        left -= count;
        return count;
    }
}
