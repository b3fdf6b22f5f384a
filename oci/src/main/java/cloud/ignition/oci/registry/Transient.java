package cloud.ignition.oci.registry;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import java.time.Duration;

/** A failure that may well be gone at the next attempt; carries what is said when it is not. */
final class Transient extends Exception {
    private static final long serialVersionUID = 1L;

    private final ImageException last;

    Transient(ImageException last) {
        super(last);
        this.last = last;
    }

    /** One attempt at something. */
    interface Attempt<T> {
        T run() throws Transient;
    }

    /**
     * Tries up to {@link Limits#MAX_ATTEMPTS} times, each time from the start, with growing pauses.
     *
     * @throws ImageException of the last attempt
     */
    static <T> T retry(Attempt<T> attempt) {
        for (int i = 1; ; i++) {
            try {
                return attempt.run();
            } catch (Transient e) {
                if (i == Limits.MAX_ATTEMPTS) {
                    throw e.last;
                }
                pause(Duration.ofMillis(Limits.RETRY_MILLIS << (i - 1)));
            }
        }
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled", e);
        }
    }
}
