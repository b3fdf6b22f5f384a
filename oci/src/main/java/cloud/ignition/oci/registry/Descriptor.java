package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import com.fasterxml.jackson.databind.JsonNode;

/**
 * A reference to content (OCI image specification, "Content Descriptors").
 *
 * @param mediaType of the content
 * @param digest of the content
 * @param size bytes of the content, exactly
 */
public record Descriptor(String mediaType, Digest digest, long size) {

    /**
     * Reads a descriptor.
     *
     * @throws ImageException of kind REFUSED when it is malformed or larger than {@code limit} bytes
     */
    static Descriptor read(JsonNode node, String what, long limit) {
        Descriptor descriptor = new Descriptor(
                Json.text(node, "mediaType"), Digest.parse(Json.text(node, "digest")), Json.size(node, "size"));
        if (descriptor.size > limit) {
            throw new ImageException(
                    ImageException.Kind.REFUSED,
                    what + " " + descriptor.digest + " has " + descriptor.size + " bytes; the limit is " + limit);
        }
        return descriptor;
    }
}
