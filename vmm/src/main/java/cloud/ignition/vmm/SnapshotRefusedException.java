package cloud.ignition.vmm;

import org.jspecify.annotations.Nullable;

/** A snapshot is damaged, or does not fit this host or this version; the message is one line that says why. */
public final class SnapshotRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** One line: what is wrong with which file. */
    public SnapshotRefusedException(String message) {
        super(message);
    }

    /** One line: what is wrong with which file, with the cause for the log. */
    public SnapshotRefusedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
