package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * One platform's image manifest (OCI image specification, "Image Manifest"), verified and checked.
 */
public final class Manifest {
    private final Document document;
    private final Descriptor config;
    private final List<Descriptor> layers;

    private Manifest(Document document, Descriptor config, List<Descriptor> layers) {
        this.document = document;
        this.config = config;
        this.layers = List.copyOf(layers);
    }

    /**
     * Reads a manifest.
     *
     * @throws ImageException of kind REFUSED when it is malformed, beyond a limit, or of something that is no image
     */
    static Manifest read(Document document) {
        Digest digest = document.digest();
        JsonNode node = Json.object(document.bytes(), "manifest " + digest);
        Descriptor config =
                Descriptor.read(Json.member(node, "config"), "image configuration", Limits.MAX_CONFIG_BYTES);
        if (!MediaTypes.isConfig(config.mediaType())) {
            throw refuse(digest, "is not a container image, but of type '" + config.mediaType() + "'");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode element : Json.elements(node, "layers")) {
            Descriptor layer = Descriptor.read(element, "layer", Limits.MAX_LAYER_BYTES);
            if (!MediaTypes.isLayer(layer.mediaType())) {
                throw refuse(digest, "has a layer of the unsupported type '" + layer.mediaType() + "'");
            }
            layers.add(layer);
        }
        if (layers.size() > Limits.MAX_LAYERS) {
            throw refuse(digest, "has " + layers.size() + " layers; the limit is " + Limits.MAX_LAYERS);
        }
        return new Manifest(document, config, layers);
    }

    /** The manifest's digest. */
    public Digest digest() {
        return document.digest();
    }

    /** The document's bytes, as the registry sent them. */
    public byte[] bytes() {
        return document.bytes().clone();
    }

    /** The image configuration. */
    public Descriptor config() {
        return config;
    }

    /** The layers, lowest first. */
    public List<Descriptor> layers() {
        return layers;
    }

    /** Compressed bytes of all layers. */
    public long layerBytes() {
        return layers.stream().mapToLong(Descriptor::size).sum();
    }

    private static ImageException refuse(Digest digest, String why) {
        return new ImageException(ImageException.Kind.REFUSED, "manifest " + digest + " " + why);
    }
}
