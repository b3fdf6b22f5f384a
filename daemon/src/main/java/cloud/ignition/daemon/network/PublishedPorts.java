package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.Protocol;
import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which app has which port of the host. Thread-safe. */
final class PublishedPorts {
    private final Map<String, List<PortMapping>> byApp = new HashMap<>();

    /** Reserves after looking that no process of the host listens there (nothing is kept open). */
    synchronized void reserve(String appName, List<PortMapping> ports) {
        for (PortMapping port : ports) {
            for (Map.Entry<String, List<PortMapping>> other : byApp.entrySet()) {
                if (!other.getKey().equals(appName) && other.getValue().stream().anyMatch(port::collidesWith)) {
                    throw UserException.conflict("port " + describe(port) + " is already published by app "
                            + other.getKey() + "; choose another host port");
                }
            }
            probe(port);
        }
        byApp.put(appName, List.copyOf(ports));
    }

    /** Takes over what an app had under a former daemon. */
    synchronized void adopt(String appName, List<PortMapping> ports) {
        byApp.put(appName, List.copyOf(ports));
    }

    synchronized void release(String appName) {
        byApp.remove(appName);
    }

    private static void probe(PortMapping port) {
        InetSocketAddress address = new InetSocketAddress(port.hostAddress().orElse(ANY), port.hostPort());
        try {
            if (port.protocol() == Protocol.TCP) {
                try (ServerSocketChannel probe = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
                    probe.bind(address, 1);
                }
            } else {
                try (DatagramChannel probe = DatagramChannel.open(StandardProtocolFamily.INET)) {
                    probe.bind(address);
                }
            }
        } catch (BindException e) {
            String message = String.valueOf(e.getMessage());
            if (message.contains("assign requested address")) {
                throw UserException.invalid("port " + describe(port) + " cannot be published: "
                        + address.getAddress().getHostAddress() + " is not an address of this host");
            }
            throw UserException.conflict(
                    "port " + describe(port) + " is in use by another process on this host; choose another host port");
        } catch (IOException e) {
            throw UserException.unavailable("port " + describe(port) + " cannot be published: " + e.getMessage(), e);
        }
    }

    private static String describe(PortMapping port) {
        return port.hostAddress().map(a -> a.getHostAddress() + ":").orElse("") + port.hostPort() + "/"
                + port.protocol().word();
    }

    private static final InetAddress ANY = Inet4Address.ofLiteral("0.0.0.0");
}
