package cloud.ignition.oci;

/**
 * Every bound on what a registry or an image may make us hold, read or write. All of it is hostile input: nothing is
 * read without one of these numbers beside it.
 */
public final class Limits {
    private Limits() {}

    // ---- references (the reference grammar of the OCI distribution specification) ----

    /** Characters of repository name, registry included. */
    public static final int MAX_NAME_LENGTH = 255;

    /** Characters of a tag. */
    public static final int MAX_TAG_LENGTH = 128;

    // ---- registry documents ----

    /** Bytes of a manifest or an index; the distribution specification asks registries to take at least 4 MiB. */
    public static final int MAX_MANIFEST_BYTES = 4 << 20;

    /** Bytes of an image configuration. */
    public static final int MAX_CONFIG_BYTES = 8 << 20;

    /** Bytes of a token answer or of an error body. */
    public static final int MAX_TOKEN_BYTES = 256 << 10;

    /** Nesting of JSON documents. */
    public static final int MAX_JSON_DEPTH = 64;

    /** Indexes within indexes. */
    public static final int MAX_INDEX_DEPTH = 3;

    /** Entries of one index. */
    public static final int MAX_INDEX_ENTRIES = 1_000;

    /** Redirects followed for one request. */
    public static final int MAX_REDIRECTS = 5;

    /** Attempts for one request, the first included. */
    public static final int MAX_ATTEMPTS = 4;

    /** Layers downloaded at the same time for one image. */
    public static final int PARALLEL_DOWNLOADS = 3;

    // ---- layers ----

    /** Layers of one image. */
    public static final int MAX_LAYERS = 256;

    /** Bytes of one layer as the registry sends it. */
    public static final long MAX_LAYER_BYTES = 16L << 30;

    /** Bytes of one layer after decompression. */
    public static final long MAX_LAYER_UNPACKED_BYTES = 32L << 30;

    /** Bytes of all layers of an image after decompression. */
    public static final long MAX_IMAGE_UNPACKED_BYTES = 64L << 30;

    /** A layer may grow by this factor; small ones may grow more, see {@link #RATIO_FREE_BYTES}. */
    public static final long MAX_DECOMPRESSION_RATIO = 250;

    /** The ratio is not looked at before this many bytes came out of a layer. */
    public static final long RATIO_FREE_BYTES = 256L << 20;

    /** Window of a zstd frame, as the power of two; this bounds the decoder's memory. */
    public static final int MAX_ZSTD_WINDOW_LOG = 27;

    // ---- file tree ----

    /** Entries of all layers together, and also nodes of the merged tree; memory is about 200 bytes for each. */
    public static final int MAX_ENTRIES = 500_000;

    /** Bytes of all names, link targets and extended attributes of an image together. */
    public static final long MAX_INDEX_BYTES = 128L << 20;

    /** Bytes of a path inside the image (PATH_MAX without its NUL). */
    public static final int MAX_PATH_BYTES = 4095;

    /** Bytes of one path component (NAME_MAX). */
    public static final int MAX_COMPONENT_BYTES = 255;

    /** Components of a path. */
    public static final int MAX_PATH_DEPTH = 256;

    /** Bytes of all extension headers (PAX, GNU long names) before one tar entry. */
    public static final int MAX_TAR_EXTENSION_BYTES = 1 << 20;

    /** Bytes of the name of an extended attribute (XATTR_NAME_MAX). */
    public static final int MAX_XATTR_NAME_BYTES = 255;

    /** Bytes of the value of an extended attribute (XATTR_SIZE_MAX). */
    public static final int MAX_XATTR_VALUE_BYTES = 64 << 10;

    /** Extended attributes of one file. */
    public static final int MAX_XATTRS = 128;

    // ---- runtime configuration ----

    /** Entries of any list or map of the runtime configuration. */
    public static final int MAX_CONFIG_ENTRIES = 4_096;

    /** Bytes of one string of the runtime configuration (MAX_ARG_STRLEN of Linux). */
    public static final int MAX_CONFIG_STRING_BYTES = 128 << 10;

    /** Bytes of arguments and environment together (a guest's kernel takes 2 MiB with the default stack). */
    public static final int MAX_CONFIG_TOTAL_BYTES = 1 << 20;

    // ---- time ----

    /** Seconds to connect to a registry. */
    public static final int CONNECT_SECONDS = 10;

    /** Seconds until the registry's answer begins. */
    public static final int ANSWER_SECONDS = 60;

    /** Seconds without a single byte before a download counts as stalled. */
    public static final int STALL_SECONDS = 30;

    /** Milliseconds before the second attempt; doubled for each further one. */
    public static final long RETRY_MILLIS = 300;

    /** Seconds the image writer gets after its last input byte. */
    public static final int IMAGE_WRITER_SECONDS = 600;
}
