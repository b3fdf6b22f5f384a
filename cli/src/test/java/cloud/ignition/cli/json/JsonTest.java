package cloud.ignition.cli.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static final String TEXT =
            "{\"a\":\"ä\\u001b\",\"b\":[1,-2.50,true,null,{\"c\":[]}],\"d\":12345678901234567890}";

    @Test
    void whatIsReadIsWrittenTheSame() throws IOException {
        assertThat(new String(Json.write(read(TEXT)), StandardCharsets.UTF_8)).isEqualToIgnoringCase(TEXT);
    }

    @Test
    void prettyTextIsOneFieldPerLine() throws IOException {
        assertThat(Json.pretty(read("{\"a\":1,\"b\":{\"c\":[1,2]}}"))).isEqualTo("""
                        {
                          "a": 1,
                          "b": {
                            "c": [
                              1,
                              2
                            ]
                          }
                        }""");
    }

    @Test
    void absentAndOddFieldsReadAsEmpty() throws IOException {
        JsonObject object = read("{\"t\":1,\"n\":\"x\",\"l\":{\"y\":1},\"mixed\":[1,\"two\",{\"three\":3}]}");
        assertThat(object.text("t")).isEmpty();
        assertThat(object.number("n")).isZero();
        assertThat(object.optionalNumber("nothing")).isEmpty();
        assertThat(object.flag("t")).isFalse();
        assertThat(object.objects("l")).isEmpty();
        assertThat(object.object("t").fields()).isEmpty();
        assertThat(object.texts("mixed")).isEqualTo(List.of("two"));
        assertThat(object.objects("mixed")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "1", "{", "{\"a\":}", "{} {}", "nonsense", "{\"a\":[1,2"})
    void whatIsNotOneObjectIsRefused(String text) {
        assertThatThrownBy(() -> read(text)).isInstanceOf(IOException.class);
    }

    @Test
    void nestingIsBounded() {
        assertThatThrownBy(() -> read("{\"a\":" + "[".repeat(100) + "]".repeat(100) + "}"))
                .isInstanceOf(IOException.class);
    }

    private static JsonObject read(String text) throws IOException {
        return Json.readObject(text.getBytes(StandardCharsets.UTF_8));
    }
}
