package cloud.ignition.oci.rootfs;

/** A layer's tar stream is malformed, hostile or beyond a limit; whoever knows the layer puts its name before it. */
final class TarException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TarException(String message) {
        super(message);
    }
}
