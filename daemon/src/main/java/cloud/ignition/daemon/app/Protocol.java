package cloud.ignition.daemon.app;

import java.util.Locale;

/** Transport protocols that a port can be published for. */
public enum Protocol {
    /** Transmission Control Protocol. */
    TCP,
    /** User Datagram Protocol. */
    UDP;

    /** The word used on the command line and in nftables: {@code tcp} or {@code udp}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
