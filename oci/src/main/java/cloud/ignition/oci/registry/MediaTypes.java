package cloud.ignition.oci.registry;

import java.util.Set;

/** The media types of images: OCI image specification "media-types", and Docker's Image Manifest Version 2, Schema 2. */
final class MediaTypes {
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

    private static final Set<String> CONFIGS =
            Set.of("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json");

    private static final Set<String> LAYERS = Set.of(
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd");

    private MediaTypes() {}

    /** What a request for a manifest accepts. */
    static String acceptManifest() {
        return String.join(", ", OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST);
    }

    static boolean isIndex(String type) {
        return type.equals(OCI_INDEX) || type.equals(DOCKER_LIST);
    }

    static boolean isManifest(String type) {
        return type.equals(OCI_MANIFEST) || type.equals(DOCKER_MANIFEST);
    }

    static boolean isConfig(String type) {
        return CONFIGS.contains(type);
    }

    static boolean isLayer(String type) {
        return LAYERS.contains(type);
    }
}
