package cloud.ignition.oci;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A content digest, {@code sha256:<64 lower-case hexadecimal digits>} (OCI image specification, "Digests"). Other
 * algorithms are refused: no registry in use needs them, and one algorithm keeps the store's layout plain.
 *
 * @param hex the 64 digits
 */
public record Digest(String hex) implements Comparable<Digest> {
    private static final String PREFIX = "sha256:";

    /** Refuses anything but 64 lower-case hexadecimal digits, so a digest is always safe as a file name. */
    public Digest {
        if (!isHex(hex)) {
            throw new ImageException(
                    ImageException.Kind.REFUSED, "digest " + hex + " is not 64 lower-case hexadecimal digits");
        }
    }

    /**
     * Parses {@code sha256:…}.
     *
     * @throws ImageException when it is anything else
     */
    public static Digest parse(String text) {
        if (!text.startsWith(PREFIX)) {
            throw new ImageException(
                    ImageException.Kind.REFUSED,
                    "digest " + text + " is not supported: use sha256:<64 hexadecimal digits>");
        }
        return new Digest(text.substring(PREFIX.length()));
    }

    /** The digest of these bytes. */
    public static Digest of(byte[] bytes) {
        return finish(newMessageDigest(), bytes);
    }

    /** A fresh SHA-256 to feed while streaming; end it with {@link #finish(MessageDigest)}. */
    public static MessageDigest newMessageDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The digest of all that was fed; the message digest starts anew. */
    public static Digest finish(MessageDigest fed) {
        return new Digest(HexFormat.of().formatHex(fed.digest()));
    }

    private static Digest finish(MessageDigest digest, byte[] bytes) {
        digest.update(bytes);
        return finish(digest);
    }

    private static boolean isHex(String text) {
        return text.length() == 64 && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    /** The first twelve digits, as people quote digests. */
    public String shortHex() {
        return hex.substring(0, 12);
    }

    @Override
    public int compareTo(Digest other) {
        return hex.compareTo(other.hex);
    }

    /** {@code sha256:…}. */
    @Override
    public String toString() {
        return PREFIX + hex;
    }
}
