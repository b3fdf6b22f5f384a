package cloud.ignition.daemon.app;

/**
 * A stored image.
 *
 * @param reference reference it was pulled by
 * @param digest manifest digest, {@code sha256:…}
 * @param sizeBytes size of its root image in bytes
 */
public record ImageView(String reference, String digest, long sizeBytes) {}
