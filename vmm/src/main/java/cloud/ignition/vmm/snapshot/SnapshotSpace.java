package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import java.io.IOException;
import java.nio.file.Path;

/** Whether a file system has room for a snapshot before any of it is written; statvfs(3). */
final class SnapshotSpace {
    private SnapshotSpace() {}

    /**
     * Refuses when it has not. Others may use the space in between, so a write can fail all the same.
     *
     * @param directory on the file system, exists
     * @param bytes the most that will be written
     * @throws IOException one line with path, need and free space
     */
    static void require(Path directory, long bytes) throws IOException {
        long needed = bytes + Limits.SNAPSHOT_SPACE_MARGIN_BYTES;
        long free = directory.toFile().getUsableSpace();
        if (free < needed) {
            throw new IOException("no space in " + directory + ": up to " + mebibytes(needed) + " MiB are needed, "
                    + (free >> 20) + " MiB are free");
        }
    }

    private static long mebibytes(long bytes) {
        return (bytes + (1 << 20) - 1) >> 20;
    }
}
