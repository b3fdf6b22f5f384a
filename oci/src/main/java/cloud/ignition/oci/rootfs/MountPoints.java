package cloud.ignition.oci.rootfs;

import java.util.Collections;

/** Directories the guest's init needs in every root image: it mounts on them, or writes files into them. */
final class MountPoints {
    private MountPoints() {}

    /** Adds what is missing. */
    static void addTo(MergedTree tree) {
        // A kernel file system is mounted there, so anything but a directory (a link that leads elsewhere) must go.
        tree.ensureDirectory("proc", attributes(0555));
        tree.ensureDirectory("sys", attributes(0555));
        tree.ensureDirectory("dev", attributes(0755));
        // These may well be symbolic links of the image's own.
        addIfMissing(tree, "tmp", 01777);
        addIfMissing(tree, "etc", 0755);
    }

    private static void addIfMissing(MergedTree tree, String path, int mode) {
        if (!tree.exists(path)) {
            tree.ensureDirectory(path, attributes(mode));
        }
    }

    /** Attributes of a directory no layer has an entry for. */
    static TarEntry attributes(int mode) {
        return new TarEntry(TarEntry.Type.DIRECTORY, "", "", mode, 0, 0, 0, 0, 0, 0, Collections.emptySortedMap());
    }
}
