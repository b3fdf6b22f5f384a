package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.oci.Image;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** scratch. */
public final class StoredImages implements Images, ImageSource {
    private Predicate<String> inUse = digest -> false;

    /** Opens. */
    public static StoredImages open(Path directory) {
        return new StoredImages();
    }

    /** In use. */
    public void setInUse(Predicate<String> inUse) {
        this.inUse = inUse;
    }

    @Override
    public ImageView pull(String reference, boolean always, Progress progress) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<ImageView> list() {
        return List.of();
    }

    @Override
    public void remove(String reference) {
        if (inUse.test(reference)) {
            return;
        }
    }

    @Override
    public Image fetch(String reference, boolean always, Progress progress) {
        throw new UnsupportedOperationException();
    }
}
