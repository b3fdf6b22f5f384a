package cloud.ignition.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "nginx, docker.io/library/nginx:latest",
        "nginx:1.27, docker.io/library/nginx:1.27",
        "team/web, docker.io/team/web:latest",
        "docker.io/nginx, docker.io/library/nginx:latest",
        "localhost/web, localhost/web:latest",
        "localhost:5000/web:v1, localhost:5000/web:v1",
        "127.0.0.1:5000/a/b/c:v1_2.3-x, 127.0.0.1:5000/a/b/c:v1_2.3-x",
        "registry.example/web, registry.example/web:latest",
        "[::1]:5000/web, [::1]:5000/web:latest",
        "web__x/y--z.q:T, docker.io/web__x/y--z.q:T",
        // Without dot, colon or the name localhost the first component is a namespace.
        "local/web, docker.io/local/web:latest",
    })
    void normalForm(String typed, String full) {
        ImageReference reference = ImageReference.parse(typed);

        assertThat(reference).hasToString(full);
        assertThat(ImageReference.parse(full)).isEqualTo(reference);
    }

    @Test
    void digestWinsOverTag() {
        ImageReference reference = ImageReference.parse("127.0.0.1:5000/web:v1@sha256:" + HEX);

        assertThat(reference.tag()).contains("v1");
        assertThat(reference.manifestSelector()).isEqualTo("sha256:" + HEX);
        assertThat(ImageReference.parse("web@sha256:" + HEX).tag()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\"| it is empty",
                "Web| repository names are lower-case",
                "web:| '' is not a tag",
                "web:-x| '-x' is not a tag",
                "a//b| '' is not a repository name",
                "a/| '' is not a repository name",
                "/a| '' is not a repository name",
                "../a| registry '..' is not HOST",
                "localhost:5000/| the repository name is missing",
                "localhost:99999/web| port 99999 is not between 1 and 65535",
                "bad_host.x:1/web| registry 'bad_host.x:1' is not HOST or HOST:PORT",
                "web@sha256:abc| is not 64 lower-case hexadecimal digits",
                "web@md5:abc| is not supported",
                "web name| 'web name' is not a repository name",
            })
    void errorsNameTheValueAndARemedy(String typed, String why) {
        assertThatThrownBy(() -> ImageReference.parse(typed))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("'" + typed + "'")
                .hasMessageContaining(why)
                .hasMessageContaining("write NAME[:TAG]");
    }

    @Test
    void lengthIsBoundedAndControlCharactersDoNotReachTheMessage() {
        assertThatThrownBy(() -> ImageReference.parse("a".repeat(256))).hasMessageContaining("longer than 255");
        assertThatThrownBy(() -> ImageReference.parse("a:" + "t".repeat(129))).hasMessageContaining("longer than 128");
        assertThatThrownBy(() -> ImageReference.parse("a".repeat(10_000))).hasMessageContaining("too long");
        assertThatThrownBy(() -> ImageReference.parse("a\n\u001b[31m")).hasMessageNotContaining("\u001b");
    }
}
