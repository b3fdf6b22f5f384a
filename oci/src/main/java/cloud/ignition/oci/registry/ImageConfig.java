package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.RuntimeConfig;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * The image configuration (OCI image specification, "Image Configuration"), as far as it matters here.
 *
 * @param runtime how to start the program
 * @param diffIds digests of the uncompressed layers, lowest first
 */
public record ImageConfig(RuntimeConfig runtime, List<Digest> diffIds) {

    /**
     * Reads a configuration.
     *
     * @param document the verified bytes
     * @param layers number of layers in the manifest
     * @throws ImageException of kind NOT_FOUND when it is of another platform, REFUSED when it is malformed
     */
    public static ImageConfig read(byte[] document, int layers) {
        JsonNode node = Json.object(document, "image configuration");
        String platform = Json.text(node, "os") + "/" + Json.text(node, "architecture");
        if (!platform.equals(Platform.NAME)) {
            throw new ImageException(
                    ImageException.Kind.NOT_FOUND,
                    "the image is for " + platform + "; this machine needs " + Platform.NAME);
        }
        JsonNode rootfs = Json.member(node, "rootfs");
        List<Digest> diffIds =
                Json.texts(rootfs, "diff_ids").stream().map(Digest::parse).toList();
        if (!Json.text(rootfs, "type").equals("layers") || diffIds.size() != layers) {
            throw new ImageException(
                    ImageException.Kind.REFUSED,
                    "the image configuration lists " + diffIds.size() + " layers, the manifest " + layers);
        }
        return new ImageConfig(RuntimeConfigJson.read(Json.member(node, "config")), diffIds);
    }
}
