package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** Finds this machine's platform in an index (OCI image specification, "Image Index"). */
final class Platform {
    /** What our machines run. */
    static final String NAME = "linux/amd64";

    private Platform() {}

    /**
     * The manifest for linux/amd64: the baseline variant first, then one without any platform if it is the only one.
     * Variants v2 and higher are left out, as nobody promised that the processor has them.
     *
     * @param index the parsed index
     * @param what its name for the error message
     * @throws ImageException of kind NOT_FOUND with what there is instead
     */
    static Descriptor choose(JsonNode index, String what) {
        List<JsonNode> manifests = Json.elements(index, "manifests");
        if (manifests.size() > Limits.MAX_INDEX_ENTRIES) {
            throw new ImageException(
                    ImageException.Kind.REFUSED,
                    what + " has an index of " + manifests.size() + " manifests; the limit is "
                            + Limits.MAX_INDEX_ENTRIES);
        }
        TreeSet<String> others = new TreeSet<>();
        for (JsonNode manifest : manifests) {
            String platform = name(manifest);
            if (platform.equals(NAME)) {
                return read(manifest, what);
            }
            others.add(platform);
        }
        Optional<JsonNode> only = manifests.stream().findFirst();
        if (manifests.size() == 1 && only.isPresent() && name(only.get()).isEmpty()) {
            return read(only.get(), what);
        }
        others.remove("unknown/unknown");
        others.remove("");
        throw new ImageException(
                ImageException.Kind.NOT_FOUND,
                what + " has no variant for " + NAME + ", only for: "
                        + (others.isEmpty() ? "nothing" : String.join(", ", others)));
    }

    private static Descriptor read(JsonNode manifest, String what) {
        return Descriptor.read(manifest, "manifest of " + what, Limits.MAX_MANIFEST_BYTES);
    }

    private static String name(JsonNode manifest) {
        JsonNode platform = Json.member(manifest, "platform");
        if (platform.isMissingNode()) {
            return "";
        }
        String variant = Json.text(platform, "variant");
        String suffix = variant.isEmpty() || variant.equals("v1") ? "" : "/" + variant;
        return Json.text(platform, "os") + "/" + Json.text(platform, "architecture") + suffix;
    }
}
