package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.ImageView;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.oci.Image;
import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.ImageReference;
import cloud.ignition.oci.ImageStore;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The host's images, for users and for apps, on an {@link ImageStore}. */
public final class StoredImages implements Images, ImageSource, AutoCloseable {
    private final ImageStore store;
    private final Map<String, String> mirrors;
    private volatile Predicate<String> inUse = digest -> false;

    private StoredImages(ImageStore store, Map<String, String> mirrors) {
        this.store = store;
        this.mirrors = Map.copyOf(mirrors);
    }

    /**
     * Opens the image store of a state directory.
     *
     * @param mirrors registry name to the host that is asked for its images
     * @throws UserException when it cannot be used
     */
    public static StoredImages open(Path stateDirectory, Map<String, String> mirrors) {
        return new StoredImages(translating(() -> ImageStore.open(stateDirectory, mirrors)), mirrors);
    }

    /** Says which manifest digests apps were booted from; their images are not removed. */
    public void setInUse(Predicate<String> digestInUse) {
        inUse = digestInUse;
    }

    @Override
    public Image fetch(String reference, boolean always, Progress progress) {
        return translating(() -> {
            ImageReference parsed = ImageReference.parse(reference);
            Optional<Image> present = always ? Optional.empty() : store.find(parsed);
            return present.orElseGet(() -> {
                requireKnownHost(parsed);
                return store.pull(parsed, new PullSteps(progress));
            });
        });
    }

    @Override
    public ImageView pull(String reference, boolean always, Progress progress) {
        return view(fetch(reference, always, progress));
    }

    @Override
    public List<ImageView> list() {
        return translating(() -> store.list().stream()
                .map(StoredImages::view)
                .sorted(Comparator.comparing(ImageView::reference))
                .toList());
    }

    @Override
    public void remove(String reference) {
        translating(() -> {
            ImageReference parsed = ImageReference.parse(reference);
            Optional<Image> image = store.find(parsed);
            if (image.isPresent() && inUse.test(image.get().manifestDigest())) {
                throw UserException.conflict(
                        "image '" + reference + "' is used by an app; remove the app first ('ignition ps' lists them)");
            }
            store.remove(parsed);
            return true;
        });
    }

    /** Cancels running pulls and closes the store. */
    @Override
    public void close() {
        store.close();
    }

    /** The default registry's API is at another host than its name says, and no host's name is built in. */
    private void requireKnownHost(ImageReference reference) {
        if (reference.registry().equals(ImageReference.DEFAULT_REGISTRY)
                && !mirrors.containsKey(reference.registry())) {
            throw UserException.invalid("image '" + reference + "': no host is set for the registry "
                    + reference.registry() + "; start the daemon with --mirror " + reference.registry()
                    + "=HOST, or name the image with its registry (HOST/NAME:TAG)");
        }
    }

    private static ImageView view(Image image) {
        return new ImageView(image.reference().toString(), image.manifestDigest(), image.sizeBytes());
    }

    private static <T> T translating(Supplier<T> action) {
        try {
            return action.get();
        } catch (ImageException e) {
            String message = String.valueOf(e.getMessage());
            throw switch (e.kind()) {
                case BAD_REFERENCE -> UserException.invalid(message);
                case NOT_FOUND -> UserException.notFound(message);
                case DENIED, UNREACHABLE, REFUSED -> UserException.failed(message, e);
                case HOST -> UserException.unavailable(message, e);
            };
        }
    }
}
