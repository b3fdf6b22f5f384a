package cloud.ignition.daemon.image;

import cloud.ignition.daemon.app.Progress;
import cloud.ignition.oci.PullListener;

/** Tells a pull's progress in lines for people; layers are worked on at once, so it takes one call at a time. */
final class PullSteps implements PullListener {
    private static final int SHORT_DIGEST = "sha256:".length() + 12;

    private final Progress progress;
    private int layers;
    private int done;

    PullSteps(Progress progress) {
        this.progress = progress;
    }

    @Override
    public synchronized void onResolved(String manifestDigest, int count, long totalBytes) {
        layers = count;
        progress.step("image " + shorten(manifestDigest) + ": " + count + " layers, " + mebibytes(totalBytes));
    }

    @Override
    public synchronized void onLayerDone(String layerDigest, boolean reused) {
        done++;
        progress.step("layer " + done + " of " + layers + " " + (reused ? "is present" : "fetched") + " ("
                + shorten(layerDigest) + ")");
    }

    @Override
    public synchronized void onRootImageStarted() {
        progress.step("writing the root image");
    }

    @Override
    public synchronized void onRootImageDone(long sizeBytes, boolean reused) {
        progress.step("root image is ready, " + mebibytes(sizeBytes));
    }

    private static String shorten(String digest) {
        return digest.substring(0, Math.min(digest.length(), SHORT_DIGEST));
    }

    private static String mebibytes(long bytes) {
        return ((bytes + (1 << 19)) >> 20) + " MiB";
    }
}
