package cloud.ignition.daemon.app;

import java.net.Inet4Address;

/** IPv4 addresses as people write them. */
public final class Ipv4 {
    private Ipv4() {}

    /**
     * Reads four decimal numbers with dots; short forms such as {@code 10.1}, which other programs take, are refused.
     *
     * @throws IllegalArgumentException when it is anything else
     */
    public static Inet4Address parse(String text) {
        Inet4Address address = Inet4Address.ofLiteral(text);
        if (!address.getHostAddress().equals(text)) {
            throw new IllegalArgumentException("'" + text + "' is not an IPv4 address of four decimal numbers");
        }
        return address;
    }
}
