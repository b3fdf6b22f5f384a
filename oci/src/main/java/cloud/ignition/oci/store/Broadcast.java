package cloud.ignition.oci.store;

import cloud.ignition.oci.PullListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Tells several listeners of one pull; one that throws is dropped, as it must not end the pull of the others. */
public final class Broadcast implements PullListener {
    private static final System.Logger LOG = System.getLogger(Broadcast.class.getName());

    private final List<PullListener> listeners = new CopyOnWriteArrayList<>();

    /** Tells this one too, from now on. */
    public void add(PullListener listener) {
        listeners.add(listener);
    }

    @Override
    public void onResolved(String manifestDigest, int layers, long totalBytes) {
        tell(listener -> listener.onResolved(manifestDigest, layers, totalBytes));
    }

    @Override
    public void onLayerProgress(String layerDigest, long doneBytes, long totalBytes) {
        tell(listener -> listener.onLayerProgress(layerDigest, doneBytes, totalBytes));
    }

    @Override
    public void onLayerDone(String layerDigest, boolean reused) {
        tell(listener -> listener.onLayerDone(layerDigest, reused));
    }

    @Override
    public void onRootImageStarted() {
        tell(PullListener::onRootImageStarted);
    }

    @Override
    public void onRootImageDone(long sizeBytes, boolean reused) {
        tell(listener -> listener.onRootImageDone(sizeBytes, reused));
    }

    private void tell(Consumer<PullListener> event) {
        listeners.removeIf(listener -> !accepts(listener, event));
    }

    private static boolean accepts(PullListener listener, Consumer<PullListener> event) {
        try {
            event.accept(listener);
            return true;
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "a pull's listener failed and is told nothing more", e);
            return false;
        }
    }
}
