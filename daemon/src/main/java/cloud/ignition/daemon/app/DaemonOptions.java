package cloud.ignition.daemon.app;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How a daemon is set up.
 *
 * @param stateDirectory everything durable; created when absent
 * @param network address pool in CIDR notation, one /30 per app
 * @param kernel uncompressed guest kernel; empty: searched (IGNITION_KERNEL, the installation, target/guest)
 * @param initramfs guest initramfs; empty: searched likewise (IGNITION_INITRAMFS)
 * @param vhost whether the kernel may move the guests' frames
 * @param mirrors registry name to the host, with optional port, that is asked for its images
 */
public record DaemonOptions(
        Path stateDirectory,
        String network,
        Optional<Path> kernel,
        Optional<Path> initramfs,
        Vhost vhost,
        Map<String, String> mirrors) {
    /** Default state directory. */
    public static final Path DEFAULT_STATE_DIRECTORY = Path.of("/var/lib/ignition");

    /** Default address pool. */
    public static final String DEFAULT_NETWORK = "10.88.0.0/16";

    public DaemonOptions {
        mirrors = Map.copyOf(mirrors);
    }

    /** All defaults. */
    public static DaemonOptions defaults() {
        return new DaemonOptions(
                DEFAULT_STATE_DIRECTORY, DEFAULT_NETWORK, Optional.empty(), Optional.empty(), Vhost.AUTO, Map.of());
    }
}
