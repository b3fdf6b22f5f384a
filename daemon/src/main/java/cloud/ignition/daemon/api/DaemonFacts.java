package cloud.ignition.daemon.api;

import java.nio.file.Path;
import java.time.Instant;

/**
 * What the daemon tells about itself.
 *
 * @param version Ignition's version
 * @param stateDirectory where everything durable is
 * @param network address pool in CIDR notation
 * @param startedAt when this process was ready
 */
public record DaemonFacts(String version, Path stateDirectory, String network, Instant startedAt) {}
