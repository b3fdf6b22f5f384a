package cloud.ignition.cli.http;

import cloud.ignition.cli.Limits;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads lines of bounded length from bytes. */
public final class Lines {
    private Lines() {}

    /** A line of an HTTP head, without its CR LF. */
    static String readHeaderLine(InputStream in) throws IOException {
        byte[] line = read(in, Limits.HTTP_LINE_BYTES)
                .orElseThrow(() -> new EOFException("the daemon closed the connection without an answer"));
        int length = line.length > 0 && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
        return new String(line, 0, length, StandardCharsets.ISO_8859_1);
    }

    /**
     * The bytes up to the next line feed, or up to the end of the stream; empty at its end.
     *
     * @throws IOException when the line is longer than {@code most} bytes
     */
    public static Optional<byte[]> read(InputStream in, int most) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return Optional.empty();
        }
        while (next >= 0 && next != '\n') {
            if (line.size() == most) {
                throw new IOException("the daemon sent a line longer than " + most + " bytes");
            }
            line.write(next);
            next = in.read();
        }
        return Optional.of(line.toByteArray());
    }
}
