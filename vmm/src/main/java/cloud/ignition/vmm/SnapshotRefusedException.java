package cloud.ignition.vmm;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot is damaged, or does not fit this host, this version or its owner; the message is one line that names the
 * directory, what is wrong, and the remedy.
 */
public final class SnapshotRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /** One line: what is wrong with which snapshot. */
    public SnapshotRefusedException(String message) {
        this(message, message, null);
    }

    private SnapshotRefusedException(String message, String reason, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** What is wrong, without directory and remedy. */
    public String reason() {
        return reason;
    }

    /** Something in the directory is missing or not as it was written. */
    public static SnapshotRefusedException damaged(Path directory, String what) {
        return damaged(directory, what, null);
    }

    /** The same, with what led to it for the log. */
    public static SnapshotRefusedException damaged(Path directory, String what, @Nullable Throwable cause) {
        return refused(directory, what, "boot the machine anew", cause);
    }

    /** It is whole, but cannot be restored here. */
    public static SnapshotRefusedException elsewhere(Path directory, String why) {
        return refused(directory, why, "restore it where it was saved or boot the machine anew", null);
    }

    /** It is of another version's format. */
    public static SnapshotRefusedException ofOtherVersion(Path directory, String why) {
        return refused(directory, why, "restore it with the version that wrote it or boot the machine anew", null);
    }

    private static SnapshotRefusedException refused(
            Path directory, String what, String remedy, @Nullable Throwable cause) {
        String line = "snapshot " + directory + " is refused: " + what + "; " + remedy;
        return new SnapshotRefusedException(line.replaceAll("[\\r\\n]+", " "), what, cause);
    }
}
