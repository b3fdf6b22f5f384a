package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Digest;
import java.nio.file.Path;

/**
 * A layer in the blob store.
 *
 * @param digest of the bytes as stored
 * @param diffId of the uncompressed archive, as the image's configuration promises it
 * @param size bytes as stored
 * @param blob the file
 */
public record Layer(Digest digest, Digest diffId, long size, Path blob) {}
