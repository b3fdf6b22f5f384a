package cloud.ignition.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class RefusedRequestTest extends ApiFixture {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {"image":"i","portz":[]}                       | field 'portz' is unknown
                    {"name":"web"}                                 | field 'image' is missing
                    {"image":7}                                    | field 'image' must be a text
                    {"image":"i","ports":"80"}                     | field 'ports' must be a list of texts
                    {"image":"i","env":[1]}                        | field 'env' must be a list of texts
                    {"image":"i","vcpus":1.5}                      | field 'vcpus' must be a whole number
                    {"image":"i","vcpus":99999999999}              | field 'vcpus' is out of range
                    {"image":"i","vcpus":0}                        | vcpus 0 is out of range
                    {"image":"i","memoryBytes":1}                  | memory 1 bytes is out of range
                    {"image":"i","memoryBytes":99999999999999999999} | field 'memoryBytes' must be a whole number
                    {"image":"i","cpuLimitMilliCpus":99}           | CPU limit of 99 thousandths of a CPU is out of range
                    {"image":"i","cpuLimitMilliCpus":8001}         | CPU limit of 8001 thousandths of a CPU is out of range
                    {"image":"i","netBytesPerSecond":1023}         | network rate of 1023 bytes/s is out of range
                    {"image":"i","netBytesPerSecond":1000000001}   | network rate of 1000000001 bytes/s is out of range
                    {"image":"i","netPacketsPerSecond":-1}         | network rate of -1 packets/s is out of range
                    {"image":"i","ports":["80"]}                   | port mapping '80'
                    {"image":"i","snapshot":"soon"}                | snapshot trigger 'soon' is unknown
                    {"image":"i","onIdle":"explode"}               | on-idle 'explode' is unknown
                    {"image":"i","pull":"maybe"}                   | pull 'maybe' is unknown
                    {"image":"i","name":"No Name"}                 | app name 'No Name'
                    {"image":"i","image":"j"}                      | not valid JSON
                    {"image":"i","a\\nb":1}                         | field 'a?b' is unknown
                    {"image":"i"                                   | not valid JSON at line 1
                    {"image":"i"} {}                               | not valid JSON
                    [1]                                            | must be a JSON object
                    ``                                             | must be a JSON object
                    [[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]] | not valid JSON
                    """)
    void malformedRunIs400InOneLine(String body, String message) throws IOException {
        RawClient.Answer answer = ask("POST", "/v1/apps", body);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body())
                .startsWith("{\"code\":\"invalid\",\"message\":\"")
                .contains(message)
                .doesNotContain("\\n")
                .doesNotContain("com.fasterxml");
        assertThat(applications.apps).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "GET,/v1/apps?x=1,400,query parameter 'x' is unknown here",
        "DELETE,/v1/apps/web?force=maybe,400,query parameter 'force' must be true or false",
        "GET,/v1/apps/web/logs?tail=many,400,query parameter 'tail' must be a whole number",
        "GET,/v1/apps/web/logs?tail=-1,400,not '-1'",
        "DELETE,/v1/images,400,query parameter 'reference' is missing",
        "GET,/v2/apps,404,the API has no path '/v2/apps'",
        "GET,/,404,the API has no path '/'",
        "PUT,/v1/apps,405,method PUT is not allowed for '/v1/apps'; use GET or POST",
    })
    void wrongTargets(String method, String target, int status, String message) throws IOException {
        RawClient.Answer answer = ask(method, target);

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.body()).contains(message);
    }

    @Test
    void anOversizedBodyIs413WhetherAnnouncedOrNot() throws IOException {
        String body = "{\"image\":\"" + "x".repeat(ApiLimits.BODY_BYTES) + "\"}";
        try (RawClient client = new RawClient(socket)) {
            client.send("POST /v1/apps HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + body.length()
                    + "\r\n\r\n{");
            assertThat(client.answer().status()).isEqualTo(413);
        }
        try (RawClient client = new RawClient(socket)) {
            client.send("POST /v1/apps HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n");
            RawClient.Answer answer = client.answer();
            assertThat(answer.status()).isEqualTo(413);
            assertThat(answer.body()).contains("too-large");
        }
    }

    @Test
    void nonsenseInsteadOfHttpIsRefusedAndHarmless() throws IOException {
        try (RawClient client = new RawClient(socket)) {
            client.send("\u0001\u0002 what\r\n\r\n");
            assertThat(client.answer().status()).isEqualTo(400);
        }
        assertThat(ask("GET", "/v1/version").body()).isEqualTo("{\"version\":\"1.2.3\",\"api\":1}");
    }

    @Test
    void aBugIs500WithoutItsDetails() throws IOException {
        applications.boot = (spec, progress) -> {
            throw new IllegalStateException("secret detail");
        };

        RawClient.Answer answer = ask("POST", "/v1/apps", "{\"image\":\"i\"}");

        assertThat(answer.status()).isEqualTo(500);
        assertThat(answer.body()).contains("\"code\":\"internal\"").doesNotContain("secret");
    }
}
