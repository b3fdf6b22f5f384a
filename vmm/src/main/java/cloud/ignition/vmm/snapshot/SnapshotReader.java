package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads a snapshot directory. Everything in it is checked before any of it becomes part of a machine; what does not fit
 * is refused with one line.
 */
public final class SnapshotReader {
    private static final int OPEN_READ = Fd.O_RDONLY | Fd.O_CLOEXEC;

    private SnapshotReader() {}

    /**
     * Reads and checks the machine's state.
     *
     * @throws SnapshotRefusedException when it is missing or damaged, or is not of the manifest's shape
     */
    public static MachineState readState(Path directory, SnapshotManifest manifest) {
        Path file = directory.resolve(SnapshotWriter.STATE_FILE);
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(Limits.MAX_STATE_BYTES + 1);
        } catch (IOException e) {
            throw new SnapshotRefusedException("cannot read " + file + ": " + e.getMessage(), e);
        }
        if (bytes.length != manifest.stateBytes() || !Digests.sha256(bytes).equals(manifest.stateSha256())) {
            throw new SnapshotRefusedException(file + " is damaged: size or digest is not the manifest's");
        }
        try {
            MachineState state = MachineState.decode(bytes);
            CorruptStateException.require(
                    state.vcpus().size() == manifest.shape().vcpus(),
                    "it has " + state.vcpus().size() + " vCPUs");
            return state;
        } catch (CorruptStateException e) {
            throw new SnapshotRefusedException(file + " is damaged: " + e.getMessage(), e);
        }
    }

    /**
     * Maps the memory copy-on-write: pages come from the page cache when they are touched, and what the guest writes
     * never reaches the file. The size is checked here, the content by {@link #verifyMemory}, which reads all of it and
     * so is not for the wake.
     *
     * @throws SnapshotRefusedException when the file is missing or has another size
     */
    public static Mmap mapMemory(Path directory, SnapshotManifest manifest) {
        Path file = directory.resolve(SnapshotWriter.MEMORY_FILE);
        try (Fd fd = Fd.open(file.toString(), OPEN_READ, 0)) {
            long size = fd.size();
            if (size != manifest.memoryBytes()) {
                throw new SnapshotRefusedException(
                        file + " is damaged: it has " + size + " bytes, not " + manifest.memoryBytes());
            }
            return Mmap.privateCopyOf(fd, 0, size);
        } catch (LinuxException e) {
            throw new SnapshotRefusedException("cannot map " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads the whole snapshot and compares every digest.
     *
     * @throws SnapshotRefusedException when anything is not as it was written
     */
    public static void verify(Path directory) {
        SnapshotManifest manifest = SnapshotManifest.read(directory);
        readState(directory, manifest);
        verifyMemory(directory, manifest);
    }

    private static void verifyMemory(Path directory, SnapshotManifest manifest) {
        try (Mmap memory = mapMemory(directory, manifest);
                Fd file = Fd.open(directory.resolve(SnapshotWriter.MEMORY_FILE).toString(), OPEN_READ, 0)) {
            MemoryFile.Written found = MemoryFile.check(file, memory.segment());
            if (found.crc32c() != manifest.memoryCrc32c() || found.dataBytes() != manifest.memoryDataBytes()) {
                throw new SnapshotRefusedException(
                        directory.resolve(SnapshotWriter.MEMORY_FILE) + " is damaged: its checksum does not match");
            }
        }
    }
}
