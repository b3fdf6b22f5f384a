package cloud.ignition.oci.registry;

import java.net.URI;
import java.util.regex.Pattern;

/**
 * Where a registry is spoken to. A registry on this machine (localhost, 127.0.0.0/8, ::1) is spoken to over plain HTTP,
 * as container tools do; every other one only over TLS.
 *
 * @param base scheme and authority, no path
 */
record Endpoint(URI base) {
    private static final Pattern LOOPBACK = Pattern.compile("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");

    /** The end point of a host with optional port. */
    static Endpoint of(String registry) {
        String host = registry;
        int colon = registry.lastIndexOf(':');
        if (colon > registry.lastIndexOf(']')) {
            host = registry.substring(0, colon);
        }
        return new Endpoint(URI.create((isLoopback(host) ? "http://" : "https://") + registry));
    }

    /** Whether content may go there or come from there without TLS. */
    static boolean isLoopback(String host) {
        return host.equals("localhost")
                || host.equals("[::1]")
                || LOOPBACK.matcher(host).matches();
    }

    /** Whether the address may be asked at all: TLS, or this machine. */
    static boolean isAllowed(URI uri) {
        String host = uri.getHost();
        if (host == null || uri.getScheme() == null) {
            return false;
        }
        return uri.getScheme().equalsIgnoreCase("https")
                || (uri.getScheme().equalsIgnoreCase("http") && isLoopback(host));
    }

    URI resolve(String path) {
        return base.resolve(path);
    }

    /** Whether an address belongs to this end point, so that it may see our credentials. */
    boolean owns(URI uri) {
        return base.getScheme().equalsIgnoreCase(uri.getScheme())
                && base.getAuthority().equalsIgnoreCase(uri.getAuthority());
    }
}
