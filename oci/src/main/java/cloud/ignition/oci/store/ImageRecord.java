package cloud.ignition.oci.store;

import cloud.ignition.oci.Digest;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.RuntimeConfig;
import cloud.ignition.oci.registry.Json;
import cloud.ignition.oci.registry.RuntimeConfigJson;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the store remembers of a pulled image.
 *
 * @param reference the name it was pulled by
 * @param manifest digest of the platform's manifest
 * @param config digest of the image configuration
 * @param layers digests of the layers, lowest first
 * @param root key of the root image
 * @param rootBytes size of the root image
 * @param pulledAt when
 * @param runtime how to start the program
 */
public record ImageRecord(
        ImageReference reference,
        Digest manifest,
        Digest config,
        List<Digest> layers,
        Digest root,
        long rootBytes,
        Instant pulledAt,
        RuntimeConfig runtime) {
    private static final int FORMAT = 1;

    /** Copies the list. */
    public ImageRecord {
        layers = List.copyOf(layers);
    }

    /** The same image under the name that never moves. */
    ImageRecord filedByDigest() {
        return new ImageRecord(
                reference.withDigest(manifest), manifest, config, layers, root, rootBytes, pulledAt, runtime);
    }

    /** All blobs the image needs. */
    List<Digest> blobs() {
        List<Digest> blobs = new ArrayList<>(layers);
        blobs.add(manifest);
        blobs.add(config);
        return blobs;
    }

    byte[] toJson() {
        ObjectNode node = Json.MAPPER.createObjectNode();
        node.put("format", FORMAT);
        node.put("reference", reference.toString());
        node.put("manifest", manifest.toString());
        node.put("config", config.toString());
        layers.forEach(layer -> node.withArray("layers").add(layer.toString()));
        node.put("root", root.toString());
        node.put("rootBytes", rootBytes);
        node.put("pulledAt", pulledAt.toString());
        node.set("runtime", RuntimeConfigJson.write(runtime));
        try {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of strings is always JSON", e);
        }
    }

    /** Reads a record; throws an ImageException when it is damaged or of another format. */
    static ImageRecord fromJson(byte[] bytes, String what) {
        JsonNode node = Json.object(bytes, what);
        if (Json.size(node, "format") != FORMAT) {
            throw new ImageException(ImageException.Kind.HOST, what + " is of another format");
        }
        try {
            return new ImageRecord(
                    ImageReference.parse(Json.text(node, "reference")),
                    Digest.parse(Json.text(node, "manifest")),
                    Digest.parse(Json.text(node, "config")),
                    Json.texts(node, "layers").stream().map(Digest::parse).toList(),
                    Digest.parse(Json.text(node, "root")),
                    Json.size(node, "rootBytes"),
                    Instant.parse(Json.text(node, "pulledAt")),
                    RuntimeConfigJson.read(Json.member(node, "runtime")));
        } catch (DateTimeParseException e) {
            throw new ImageException(ImageException.Kind.HOST, what + " has no valid time", e);
        }
    }
}
