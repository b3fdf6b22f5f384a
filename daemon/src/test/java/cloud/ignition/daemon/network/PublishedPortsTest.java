package cloud.ignition.daemon.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import org.junit.jupiter.api.Test;

class PublishedPortsTest {
    private final PublishedPorts ports = new PublishedPorts();

    @Test
    void tellsWhichAppHasThePort() throws IOException {
        int free = freePort();
        ports.reserve("web", List.of(PortMapping.parse(free + ":80")));
        assertThatThrownBy(() -> ports.reserve("other", List.of(PortMapping.parse("127.0.0.1:" + free + ":80"))))
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "port 127.0.0.1:" + free + "/tcp is already published by app web; choose another host port");
        ports.release("web");
        ports.reserve("other", List.of(PortMapping.parse(free + ":80")));
    }

    @Test
    void seesOtherProcessesListeners() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            server.bind(new InetSocketAddress(Inet4Address.ofLiteral("127.0.0.1"), 0));
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            assertThatThrownBy(() -> ports.reserve("web", List.of(PortMapping.parse(port + ":80"))))
                    .isInstanceOf(UserException.class)
                    .hasMessage("port " + port
                            + "/tcp is in use by another process on this host; choose another host port");
            ports.reserve("web", List.of(PortMapping.parse(port + ":80/udp")));
        }
        try (DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET)) {
            channel.bind(new InetSocketAddress(Inet4Address.ofLiteral("127.0.0.1"), 0));
            int port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
            assertThatThrownBy(() -> ports.reserve("dns", List.of(PortMapping.parse(port + ":53/udp"))))
                    .hasMessageContaining(port + "/udp is in use by another process");
        }
    }

    @Test
    void refusesAddressesOfOtherHosts() {
        assertThatThrownBy(() -> ports.reserve("web", List.of(PortMapping.parse("192.0.2.1:8080:80"))))
                .isInstanceOfSatisfying(
                        UserException.class, e -> assertThat(e.code()).isEqualTo(UserException.INVALID))
                .hasMessageContaining("192.0.2.1 is not an address of this host");
    }

    @Test
    void keepsNothingOpen() throws IOException {
        int free = freePort();
        ports.reserve("web", List.of(PortMapping.parse(free + ":80")));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            server.bind(new InetSocketAddress(free));
            assertThat(server.isOpen()).isTrue();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            server.bind(new InetSocketAddress(Inet4Address.ofLiteral("0.0.0.0"), 0));
            return ((InetSocketAddress) server.getLocalAddress()).getPort();
        }
    }
}
