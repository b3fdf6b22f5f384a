package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RouteSocketTest {
    private static final String NAME = "igr" + ProcessHandle.current().pid() % 1_000_000;
    private static final byte[] HOST = {2, 0x49, 10, 1, 2, 1};
    private static final byte[] GUEST = {2, 0x49, 10, 1, 2, 2};
    private static final int HOST_ADDRESS = 198 << 24 | 51 << 16 | 100 << 8 | 1; // RFC 5737
    private static final int GUEST_ADDRESS = HOST_ADDRESS + 1;

    @BeforeAll
    static void needsRoot() {
        assertThat(Files.isWritable(Path.of("/dev/net/tun")) && "root".equals(System.getProperty("user.name")))
                .as("this test creates network interfaces: run it as root, with /dev/net/tun")
                .isTrue();
    }

    @Test
    void setsUpAnInterfaceAndDoesItAgain() throws Exception {
        try (Tap tap = Tap.open(NAME, false);
                RouteSocket route = RouteSocket.open()) {
            for (int round = 0; round < 2; round++) {
                int index = route.indexOf(tap.name());
                route.putAddress(index, HOST_ADDRESS, 30);
                route.bringUp(index, HOST, 777);
                route.putNeighbour(index, GUEST_ADDRESS, GUEST);

                NetworkInterface made = NetworkInterface.getByName(tap.name());
                assertThat(made.getIndex()).isEqualTo(index);
                assertThat(made.isUp()).isTrue();
                assertThat(made.supportsMulticast()).isFalse();
                assertThat(made.getHardwareAddress()).isEqualTo(HOST);
                assertThat(made.getInterfaceAddresses())
                        .filteredOn(address -> address.getAddress().getAddress().length == 4)
                        .singleElement()
                        .satisfies(address -> {
                            assertThat(address.getAddress().getHostAddress()).isEqualTo("198.51.100.1");
                            assertThat(address.getNetworkPrefixLength()).isEqualTo((short) 30);
                        });
                assertThat(Path.of("/sys/class/net", tap.name(), "tx_queue_len"))
                        .hasContent("777");
                assertThat(Files.readString(Path.of("/proc/net/arp")))
                        .containsPattern("198\\.51\\.100\\.2 +0x1 +0x6 +02:49:0a:01:02:02 .* " + tap.name());
            }
        }
    }

    @Test
    void whatTheKernelRefusesIsTold() {
        try (RouteSocket route = RouteSocket.open()) {
            assertThatThrownBy(() -> route.indexOf(NAME + "x"))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("SIOCGIFINDEX " + NAME + "x: No such device (ENODEV)");
            assertThatThrownBy(() -> route.bringUp(Integer.MAX_VALUE, HOST, 1))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("RTM_NEWLINK: No such device (ENODEV)");
            assertThatThrownBy(() -> route.indexOf("two words")).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
