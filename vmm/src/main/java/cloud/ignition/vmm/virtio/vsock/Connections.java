package cloud.ignition.vmm.virtio.vsock;

import cloud.ignition.vmm.virtio.Limits;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The connections of one device, and whose turn it is to send to the guest. */
final class Connections {
    /** Ports of the host's side for connections that the host asks for: above those that services have. */
    static final int FIRST_HOST_PORT = 1 << 30;

    private final Map<VsockAddress, VsockConnection> byAddress = new LinkedHashMap<>();
    private final Map<VsockStream, VsockConnection> byStream = new HashMap<>();
    private final Set<VsockConnection> turns = new LinkedHashSet<>();
    private int nextHostPort = FIRST_HOST_PORT;

    boolean isFull() {
        return byAddress.size() >= Limits.VSOCK_CONNECTIONS;
    }

    boolean isEmpty() {
        return byAddress.isEmpty();
    }

    @Nullable
    VsockConnection find(VsockAddress address) {
        return byAddress.get(address);
    }

    @Nullable
    VsockConnection find(VsockStream stream) {
        return byStream.get(stream);
    }

    /** In the order in which they were added. */
    Collection<VsockConnection> all() {
        return byAddress.values();
    }

    void add(VsockConnection connection) {
        byAddress.put(connection.address(), connection);
        connection.stream().ifPresent(stream -> byStream.put(stream, connection));
        touched(connection);
    }

    /** Something has happened to a connection: it may have something to send, or have lost its stream. */
    void touched(VsockConnection connection) {
        if (connection.wantsToSend()) {
            turns.add(connection);
        }
        if (connection.stream().isEmpty()) {
            byStream.values().remove(connection);
        }
    }

    void remove(VsockConnection connection) {
        byAddress.remove(connection.address());
        byStream.values().remove(connection);
        turns.remove(connection);
    }

    /** The connection that sends next, which then goes to the end of the line; null when none has anything to send. */
    @Nullable
    VsockConnection nextToSend() {
        Iterator<VsockConnection> line = turns.iterator();
        while (line.hasNext()) {
            VsockConnection connection = line.next();
            line.remove();
            if (connection.wantsToSend()) {
                return connection;
            }
        }
        return null;
    }

    /** A port of the host's side that no connection to this port of the guest has. */
    int freeHostPort(int guestPort) {
        int port = nextHostPort;
        while (byAddress.containsKey(new VsockAddress(port, guestPort))) {
            port = following(port);
        }
        nextHostPort = following(port);
        return port;
    }

    int nextHostPort() {
        return nextHostPort;
    }

    void setNextHostPort(int port) {
        nextHostPort = Math.max(port, FIRST_HOST_PORT);
    }

    /** Forgets all connections and closes their streams. */
    void clear() {
        byAddress.values().forEach(VsockConnection::closeStream);
        byAddress.clear();
        byStream.clear();
        turns.clear();
    }

    private static int following(int port) {
        return port == Integer.MAX_VALUE ? FIRST_HOST_PORT : port + 1;
    }
}
