package cloud.ignition.vmm;

import org.jspecify.annotations.Nullable;

/** A machine cannot be booted from what it was given; the message is one line that names the file and the trouble. */
public final class BootException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One line: which file, what is wrong with it. */
    public BootException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
