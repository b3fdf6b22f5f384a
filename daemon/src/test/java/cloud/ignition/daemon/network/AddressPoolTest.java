package cloud.ignition.daemon.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.UserException;
import java.net.Inet4Address;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPoolTest {
    @Test
    void cutsThePoolIntoLinks() {
        AddressPool pool = AddressPool.parse("10.88.0.0/16");
        assertThat(pool.capacity()).isEqualTo(16384);
        AppAddress second = pool.address(1);
        assertThat(second.hostAddress()).isEqualTo("10.88.0.5");
        assertThat(second.guestAddress()).isEqualTo("10.88.0.6");
        assertThat(second.guestInetAddress()).hasToString("/10.88.0.6");
        assertThat(second.tapName()).isEqualTo("ign1");
        assertThat(second.guestMacText()).isEqualTo("02:49:0a:58:00:06");
        assertThat(second.guestLinkLocal()).isEqualTo("fe80::0049:0aff:fe58:0006");
        assertThat(pool.address(16383).guestAddress()).isEqualTo("10.88.255.254");
        assertThat(pool.contains(Inet4Address.ofLiteral("10.88.255.254"))).isTrue();
        assertThat(pool.contains(Inet4Address.ofLiteral("10.89.0.1"))).isFalse();
    }

    @Test
    void neverGivesOneLinkTwice() {
        AddressPool pool = AddressPool.parse("192.168.4.0/24");
        Set<String> seen = new HashSet<>();
        assertThat(pool.claim(7)).isTrue();
        assertThat(pool.claim(7)).isFalse();
        for (int i = 0; i < pool.capacity() - 1; i++) {
            AppAddress address = pool.address(pool.allocate());
            assertThat(address.index()).isNotEqualTo(7);
            assertThat(seen.add(address.hostAddress())).isTrue();
            assertThat(seen.add(address.guestAddress())).isTrue();
            assertThat(seen.add(address.hostMac())).isTrue();
            assertThat(seen.add(address.guestMacText())).isTrue();
        }
        assertThatThrownBy(pool::allocate).isInstanceOf(UserException.class).hasMessageContaining("64 apps");
        pool.release(3);
        assertThat(pool.allocate()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "10.88.0.0", "10.88.0.1/16", "10.88.0.0/29", "10.0.0.0/7", "x/16", "fd00::/64", "10.88.0.0/x"
            })
    void refusesOtherNetworks(String text) {
        assertThatThrownBy(() -> AddressPool.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'" + text + "'");
    }
}
