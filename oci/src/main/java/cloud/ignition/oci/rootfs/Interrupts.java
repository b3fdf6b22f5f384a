package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.ImageException;

/** Lets a pull be cancelled between two files. */
final class Interrupts {
    private Interrupts() {}

    /** Throws an ImageException when this thread was asked to stop; the request stays set. */
    static void check() {
        if (Thread.currentThread().isInterrupted()) {
            throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled");
        }
    }
}
