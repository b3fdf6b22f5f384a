package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.Progress;
import cloud.ignition.oci.Image;

/** Where apps get their images from. */
public interface ImageSource {
    /**
     * Fetches an image unless it is present; {@code always} asks the registry anyway.
     *
     * @throws cloud.ignition.daemon.app.UserException when the reference, the registry or the image is at fault
     */
    Image fetch(String reference, boolean always, Progress progress);
}
