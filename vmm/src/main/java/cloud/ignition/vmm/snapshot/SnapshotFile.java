package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * One file of a snapshot directory, opened to be read. It must be what the writer makes: a regular file, no link to
 * another, no pipe that would be waited for.
 */
final class SnapshotFile {
    private static final int OPEN = Fd.O_RDONLY | Fd.O_NOFOLLOW | Fd.O_NONBLOCK;

    private SnapshotFile() {}

    /**
     * Opens a file.
     *
     * @throws SnapshotRefusedException when it is missing or is no regular file
     * @throws LinuxException when the host is out of descriptors or memory
     */
    static Fd open(Path directory, String name) {
        Fd fd;
        try {
            fd = Fd.open(directory.resolve(name).toString(), OPEN, 0);
        } catch (LinuxException e) {
            if (e.errno() == Errno.EMFILE || e.errno() == Errno.ENFILE || e.errno() == Errno.ENOMEM) {
                throw e; // says nothing of the snapshot
            }
            String what =
                    e.errno() == Errno.ENOENT ? "it has no file " + name : "its file " + name + " cannot be opened";
            throw SnapshotRefusedException.damaged(directory, what + ": " + Errno.message(e.errno()), e);
        }
        try {
            if (!fd.isRegularFile()) {
                throw SnapshotRefusedException.damaged(directory, "its " + name + " is not a file");
            }
            return fd;
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Reads a whole file.
     *
     * @param limit the most bytes it may have
     * @throws SnapshotRefusedException when it is missing, is no regular file, is larger or cannot be read
     */
    static byte[] read(Path directory, String name, int limit) {
        try (Fd fd = open(directory, name);
                Arena arena = Arena.ofConfined()) {
            long size = fd.size();
            if (size > limit) {
                throw SnapshotRefusedException.damaged(
                        directory, "its file " + name + " has " + size + " bytes, more than " + limit);
            }
            MemorySegment buffer = arena.allocate(Math.max(size, 1));
            long count = fd.preadFully(buffer.asSlice(0, size), 0);
            return buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EIO) {
                throw e;
            }
            throw SnapshotRefusedException.damaged(directory, "its file " + name + " cannot be read", e);
        }
    }
}
