package cloud.ignition.cli.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.cli.Limits;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpResponseTest {
    @Test
    void readsBodiesOfEveryFraming() throws IOException {
        assertThat(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")).isEqualTo("abc");
        assertThat(
                        body(
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n"))
                .isEqualTo("abcde");
        assertThat(body("HTTP/1.1 200\r\n\r\nto the end")).isEqualTo("to the end");
        assertThat(body("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 3",
                "SSH-2.0-OpenSSH\r\n\r\n",
                "HTTP/2 200\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\nab",
            })
    void brokenAnswersAreErrorsAndNeverShorterBodies(String answer) {
        assertThatThrownBy(() -> body(answer)).isInstanceOf(IOException.class);
    }

    @Test
    void lengthsAreBounded() {
        String longLine = "x".repeat(Limits.HTTP_LINE_BYTES + 1);
        assertThatThrownBy(() -> body("HTTP/1.1 200 OK\r\nX: " + longLine)).hasMessageContaining("longer than");
        assertThatThrownBy(() -> body("HTTP/1.1 200 OK\r\n" + headers(Limits.HTTP_HEADERS + 1) + "\r\n"))
                .hasMessageContaining("malformed");
        assertThatThrownBy(() -> Lines.read(endless(), 10)).hasMessageContaining("longer than 10 bytes");
    }

    @Test
    void chunksOfAnySizeJoinToTheBody() throws IOException {
        for (long seed = 0; seed < 200; seed++) {
            chunksOfAnySizeJoinToTheBody(new Random(seed));
        }
    }

    private static void chunksOfAnySizeJoinToTheBody(Random random) throws IOException {
        StringBuilder all = new StringBuilder();
        StringBuilder wire = new StringBuilder();
        for (int parts = random.nextInt(20); parts > 0; parts--) {
            byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 20 : 5000)];
            random.nextBytes(bytes);
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            all.append(text);
            wire.append(Integer.toHexString(bytes.length))
                    .append("\r\n")
                    .append(text)
                    .append("\r\n");
        }
        int readSize = 1 + random.nextInt(9);
        InputStream in = new ChunkedInputStream(
                new ByteArrayInputStream((wire + "0\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1)));
        StringBuilder read = new StringBuilder();
        byte[] buffer = new byte[readSize];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            read.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
        }
        assertThat(read.toString()).isEqualTo(all.toString());
    }

    private static String headers(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append("H").append(i).append(": v\r\n");
        }
        return text.toString();
    }

    private static InputStream endless() {
        return new InputStream() {
            @Override
            public int read() {
                return 'x';
            }
        };
    }

    private static String body(String answer) throws IOException {
        InputStream in = new ByteArrayInputStream(answer.getBytes(StandardCharsets.UTF_8));
        try (HttpResponse response = HttpResponse.read(in, in)) {
            return new String(response.readBody(), StandardCharsets.UTF_8);
        }
    }
}
