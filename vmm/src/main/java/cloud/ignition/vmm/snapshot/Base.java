package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Mmap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Where the file {@code memory} is that a restored machine's memory is a private copy of. A later snapshot of the machine has
 * the same file, as a second name (link(2)), so that it stays when this snapshot goes.
 *
 * @param directory the newest snapshot directory that has it
 * @param manifest of that snapshot
 */
public record Base(Path directory, SnapshotManifest manifest) {
    /**
     * Gives the file another name.
     *
     * @return false when the file there is not the mapped one (any more), or cannot have two names; there is no new name then
     */
    boolean linkTo(Path name, Mmap memory) throws IOException {
        try {
            Files.createLink(name, directory.resolve(SnapshotWriter.MEMORY_FILE));
        } catch (IOException | UnsupportedOperationException e) {
            return false; // gone, or a file system without links: all of the memory is written instead
        }
        if (Files.isRegularFile(name, LinkOption.NOFOLLOW_LINKS) && memory.isPrivateCopyOf(name)) {
            return true;
        }
        Files.delete(name);
        return false;
    }
}
