package cloud.ignition.daemon.app;

import java.util.List;

/** The stored images. Errors are {@link UserException}s. */
public interface Images {
    /** Fetches an image unless it is present; {@code always} asks the registry anyway. */
    ImageView pull(String reference, boolean always, Progress progress);

    /** All stored images, ordered by reference. */
    List<ImageView> list();

    /** Forgets an image; refused while an app uses it. */
    void remove(String reference);
}
