package cloud.ignition.e2e.traffic;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Requests to the guest, each on a connection of its own. */
final class Http {
    /** Longest that an answer may take, a sleep of the machine in the middle included. */
    static final Duration LIMIT = Duration.ofSeconds(90);

    private static final String LENGTH = "Content-Length: ";
    private static final String END_OF_HEAD = "\r\n\r\n";

    private Http() {}

    /**
     * The body of an answer.
     *
     * @throws IOException when the connection breaks or the answer is not whole
     */
    static byte[] get(InetSocketAddress guest, String path) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            socket.connect(guest, (int) LIMIT.toMillis());
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: guest" + END_OF_HEAD)
                            .getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readAllBytes();
            String text = new String(answer, StandardCharsets.ISO_8859_1);
            int head = text.indexOf(END_OF_HEAD) + END_OF_HEAD.length();
            int at = text.indexOf(LENGTH);
            if (!text.startsWith("HTTP/1.1 200 ") || head < END_OF_HEAD.length() || at < 0 || at > head) {
                throw new IOException("answer of " + answer.length + " bytes to " + path + " has no whole head");
            }
            int length = Integer.parseInt(text.substring(at + LENGTH.length(), text.indexOf('\r', at)));
            if (answer.length != head + length) {
                throw new IOException((answer.length - head) + " bytes of " + length + " of the answer to " + path);
            }
            return Arrays.copyOfRange(answer, head, answer.length);
        }
    }

    /** The numbers of a body {@code name=number …}. */
    static Map<String, Long> numbers(InetSocketAddress guest, String path) {
        try {
            Map<String, Long> numbers = new LinkedHashMap<>();
            for (String word : new String(get(guest, path), StandardCharsets.US_ASCII).split(" ", -1)) {
                int equals = word.indexOf('=');
                numbers.put(word.substring(0, equals), Long.valueOf(word.substring(equals + 1)));
            }
            return numbers;
        } catch (IOException e) {
            throw new AssertionError("GET " + path + ": " + e.getMessage(), e);
        }
    }
}
