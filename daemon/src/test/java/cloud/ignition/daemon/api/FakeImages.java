package cloud.ignition.daemon.api;

import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Images without a registry. */
final class FakeImages implements Images {
    final Map<String, ImageView> images = new ConcurrentSkipListMap<>();

    @Override
    public ImageView pull(String reference, boolean always, Progress progress) {
        progress.step("layer 1 of 1" + (always ? " again" : ""));
        ImageView image = new ImageView(reference, "sha256:abc", 1000);
        images.put(reference, image);
        return image;
    }

    @Override
    public List<ImageView> list() {
        return List.copyOf(images.values());
    }

    @Override
    public void remove(String reference) {
        if (images.remove(reference) == null) {
            throw UserException.notFound("no image '" + reference + "'; see: ignition images");
        }
    }
}
