package cloud.ignition.oci;

import java.nio.file.Path;

/** A process that pulls, to be killed. Says a line for every piece of a layer. */
final class PullMain {
    private PullMain() {}

    /** Arguments: state directory, reference. */
    public static void main(String[] arguments) {
        try (ImageStore store = ImageStore.open(Path.of(arguments[0]))) {
            Image image = store.pull(ImageReference.parse(arguments[1]), new PullListener() {
                @Override
                public void onLayerProgress(String layerDigest, long doneBytes, long totalBytes) {
                    if (doneBytes > 0) {
                        System.out.println("progress " + doneBytes);
                    }
                }
            });
            System.out.println("done " + image.rootImage());
        }
    }
}
