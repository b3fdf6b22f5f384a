package cloud.ignition.vmm.codec;

/** Saved state is damaged, truncated, or says something that cannot be. The message is one line. */
public class CorruptStateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CorruptStateException(String message) {
        super(message);
    }

    public CorruptStateException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Throws unless {@code condition} holds; for the validating constructors of state records. */
    public static void require(boolean condition, String message) {
        if (!condition) {
            throw new CorruptStateException(message);
        }
    }
}
