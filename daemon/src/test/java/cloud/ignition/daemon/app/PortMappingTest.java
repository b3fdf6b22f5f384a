package cloud.ignition.daemon.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet4Address;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortMappingTest {
    @Test
    void readsHostAndGuestPort() {
        assertThat(PortMapping.parse("8080:80")).isEqualTo(new PortMapping(Optional.empty(), 8080, 80, Protocol.TCP));
    }

    @Test
    void readsAddressAndProtocol() {
        assertThat(PortMapping.parse("127.0.0.1:5353:53/udp"))
                .isEqualTo(new PortMapping(Optional.of(Inet4Address.ofLiteral("127.0.0.1")), 5353, 53, Protocol.UDP));
    }

    @Test
    void takesTheWildcardAddressAsNone() {
        assertThat(PortMapping.parse("0.0.0.0:1:2").hostAddress()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"8080:80", "127.0.0.1:8080:80", "5353:53/udp", "10.1.2.3:1:65535/udp"})
    void writesWhatItReads(String text) {
        assertThat(PortMapping.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "80",
                "0:80",
                "80:0",
                "65536:80",
                "80:65536",
                "a:80",
                "80:b",
                "-1:80",
                "80:80/sctp",
                "80:80/",
                "1.2.3:80:80",
                "::1:80:80",
                "host:80:80",
                "1:2:3:4",
                " : ",
                "8080:80 90",
                "999999999999:80",
                "+80:80"
            })
    void refusesOthersNamingThem(String text) {
        assertThatThrownBy(() -> PortMapping.parse(text))
                .isInstanceOfSatisfying(
                        UserException.class, e -> assertThat(e.code()).isEqualTo(UserException.INVALID))
                .hasMessageContaining("'" + text)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource({
        "8080:80, 8080:90, true",
        "8080:80, 127.0.0.1:8080:80, true",
        "127.0.0.1:8080:80, 127.0.0.2:8080:80, false",
        "8080:80, 8080:80/udp, false",
        "8080:80, 8081:80, false"
    })
    void knowsCollisions(String one, String other, boolean collide) {
        assertThat(PortMapping.parse(one).collidesWith(PortMapping.parse(other)))
                .isEqualTo(collide);
        assertThat(PortMapping.parse(other).collidesWith(PortMapping.parse(one)))
                .isEqualTo(collide);
    }
}
