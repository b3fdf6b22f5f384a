package cloud.ignition.oci.registry;

import cloud.ignition.oci.Digest;

/** A manifest or index as the registry sent it, with its digest computed here. */
final class Document {
    private final String mediaType;
    private final byte[] bytes;

    Document(String mediaType, byte[] bytes) {
        this.mediaType = mediaType;
        this.bytes = bytes;
    }

    String mediaType() {
        return mediaType;
    }

    byte[] bytes() {
        return bytes;
    }

    Digest digest() {
        return Digest.of(bytes);
    }
}
