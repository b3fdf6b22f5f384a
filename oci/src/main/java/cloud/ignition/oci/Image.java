package cloud.ignition.oci;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A pulled image: verified, merged and ready to be a machine's root disk.
 *
 * @param reference the name it was pulled by, in full form
 * @param manifestDigest digest of this platform's image manifest, {@code sha256:…}
 * @param rootImage the read-only squashfs file; its name is a hash of its content's recipe, so it never changes
 * @param config how to start the image's program
 * @param sizeBytes bytes of the root image
 * @param pulledAt when the reference was last resolved to this manifest
 */
public record Image(
        ImageReference reference,
        String manifestDigest,
        Path rootImage,
        RuntimeConfig config,
        long sizeBytes,
        Instant pulledAt) {}
