package cloud.ignition.cli.http;

import cloud.ignition.cli.Limits;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** An answer: status and body. The body is read while it arrives. */
public final class HttpResponse implements Closeable {
    private final int status;
    private final InputStream body;
    private final Closeable connection;

    private HttpResponse(int status, InputStream body, Closeable connection) {
        this.status = status;
        this.body = body;
        this.connection = connection;
    }

    static HttpResponse read(InputStream in, Closeable connection) throws IOException {
        int status = parseStatus(Lines.readHeaderLine(in));
        Map<String, String> headers = new HashMap<>();
        String line = Lines.readHeaderLine(in);
        while (!line.isEmpty()) {
            int colon = line.indexOf(':');
            if (colon < 1 || headers.size() == Limits.HTTP_HEADERS) {
                throw new IOException("the answer's HTTP header is malformed");
            }
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
            line = Lines.readHeaderLine(in);
        }
        return new HttpResponse(status, body(status, headers, in), connection);
    }

    /** The status code, 100 to 599. */
    public int status() {
        return status;
    }

    /** The body without its transfer coding; ends early with an exception when the connection breaks. */
    public InputStream body() {
        return body;
    }

    /**
     * The whole body.
     *
     * @throws IOException also when it is over {@link Limits#BODY_BYTES}
     */
    public byte[] readBody() throws IOException {
        byte[] bytes = body.readNBytes(Limits.BODY_BYTES + 1);
        if (bytes.length > Limits.BODY_BYTES) {
            throw new IOException("the answer is larger than " + Limits.BODY_BYTES + " bytes");
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }

    private static int parseStatus(String line) throws IOException {
        if (!line.matches("HTTP/1\\.[01] [1-5][0-9][0-9]( .*)?")) {
            throw new IOException("the answer is not HTTP/1.1");
        }
        return Integer.parseInt(line.substring(9, 12));
    }

    private static InputStream body(int status, Map<String, String> headers, InputStream in) throws IOException {
        if (status == 204 || status == 304) {
            return InputStream.nullInputStream();
        }
        if ("chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) {
            return new ChunkedInputStream(in);
        }
        String length = headers.get("content-length");
        if (length == null) {
            return in;
        }
        if (!length.matches("[0-9]{1,18}")) {
            throw new IOException("the answer's content length is malformed");
        }
        return new FixedInputStream(in, Long.parseLong(length));
    }
}
