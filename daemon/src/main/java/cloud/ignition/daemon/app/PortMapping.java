package cloud.ignition.daemon.app;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Optional;

/**
 * One published port: packets for a port of the host go to a port of the guest.
 *
 * @param hostAddress IPv4 address of the host to publish on; empty for all of them
 * @param hostPort port on the host, 1..65535
 * @param guestPort port in the guest, 1..65535
 * @param protocol transport protocol
 */
public record PortMapping(Optional<InetAddress> hostAddress, int hostPort, int guestPort, Protocol protocol) {

    /** Checks the ranges; IPv4 only. */
    public PortMapping {
        if (!isPort(hostPort) || !isPort(guestPort)) {
            throw UserException.invalid(
                    "port mapping " + hostPort + ":" + guestPort + ": a port must be between 1 and 65535");
        }
        if (hostAddress.isPresent() && !(hostAddress.get() instanceof Inet4Address)) {
            throw UserException.invalid("port mapping: host address "
                    + hostAddress.get().getHostAddress() + " is not IPv4; only IPv4 addresses can be published");
        }
    }

    /**
     * Reads {@code [HOST-ADDRESS:]HOST-PORT:GUEST-PORT[/tcp|/udp]}.
     *
     * @throws UserException naming the text and what is wrong with it
     */
    public static PortMapping parse(String text) {
        String rest = text.strip();
        Protocol protocol = Protocol.TCP;
        int slash = rest.indexOf('/');
        if (slash >= 0) {
            protocol = switch (rest.substring(slash + 1).toLowerCase(Locale.ROOT)) {
                case "tcp" -> Protocol.TCP;
                case "udp" -> Protocol.UDP;
                default -> throw bad(text, "the protocol must be tcp or udp");
            };
            rest = rest.substring(0, slash);
        }
        String[] parts = rest.split(":", -1);
        return switch (parts.length) {
            case 2 -> new PortMapping(Optional.empty(), port(text, parts[0]), port(text, parts[1]), protocol);
            case 3 -> new PortMapping(address(text, parts[0]), port(text, parts[1]), port(text, parts[2]), protocol);
            default -> throw bad(text, "write it as [ADDRESS:]HOST-PORT:GUEST-PORT[/udp], for example 8080:80");
        };
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        String address = hostAddress.map(a -> a.getHostAddress() + ":").orElse("");
        return address + hostPort + ":" + guestPort + (protocol == Protocol.UDP ? "/udp" : "");
    }

    /** Whether both want the same port of the same host address (all addresses collide with each of them). */
    public boolean collidesWith(PortMapping other) {
        return hostPort == other.hostPort
                && protocol == other.protocol
                && (hostAddress.isEmpty() || other.hostAddress.isEmpty() || hostAddress.equals(other.hostAddress));
    }

    private static boolean isPort(int port) {
        return port >= 1 && port <= 65535;
    }

    private static int port(String text, String digits) {
        if (!digits.matches("[0-9]{1,5}") || !isPort(Integer.parseInt(digits))) {
            throw bad(text, "'" + digits + "' is not a port between 1 and 65535");
        }
        return Integer.parseInt(digits);
    }

    private static Optional<InetAddress> address(String text, String dotted) {
        try {
            InetAddress address = Ipv4.parse(dotted);
            return address.isAnyLocalAddress() ? Optional.empty() : Optional.of(address);
        } catch (IllegalArgumentException e) {
            throw bad(text, "'" + dotted + "' is not an IPv4 address");
        }
    }

    private static UserException bad(String text, String why) {
        return UserException.invalid("port mapping '" + text + "': " + why);
    }
}
