package cloud.ignition.oci;

/**
 * Follows a pull. Called on the threads that do the work: return fast. Several layers are in progress at once, so calls
 * for different layers interleave. A listener that throws is not called again.
 */
public interface PullListener {
    /** Listens to nothing. */
    PullListener NONE = new PullListener() {};

    /**
     * The reference is resolved to a manifest of this machine's platform.
     *
     * @param manifestDigest {@code sha256:…}
     * @param layers number of layers
     * @param totalBytes compressed bytes of all layers
     */
    default void onResolved(String manifestDigest, int layers, long totalBytes) {}

    /**
     * Bytes of a layer arrived; starts again at 0 when a download is tried anew.
     *
     * @param layerDigest {@code sha256:…}
     * @param doneBytes compressed bytes so far
     * @param totalBytes compressed bytes of the layer
     */
    default void onLayerProgress(String layerDigest, long doneBytes, long totalBytes) {}

    /**
     * A layer is verified and stored.
     *
     * @param layerDigest {@code sha256:…}
     * @param reused whether it was stored before, so nothing was downloaded
     */
    default void onLayerDone(String layerDigest, boolean reused) {}

    /** All layers are there; the root image is being written. Not called when it is reused. */
    default void onRootImageStarted() {}

    /**
     * The root image is in place.
     *
     * @param sizeBytes its size
     * @param reused whether it existed before
     */
    default void onRootImageDone(long sizeBytes, boolean reused) {}
}
