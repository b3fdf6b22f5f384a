package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Errno;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.memory.FreePages;
import cloud.ignition.vmm.x86.CpuFeatures;
import cloud.ignition.vmm.x86.VcpuState;
import java.nio.file.Path;

/**
 * Reads a snapshot directory. Everything in it is checked before any of it becomes part of a machine; what does not fit
 * is refused with one line.
 */
public final class SnapshotReader {
    private SnapshotReader() {}

    /**
     * Reads and checks the machine's state.
     *
     * @throws SnapshotRefusedException when it is missing or damaged, or is not what the manifest says
     */
    public static MachineState readState(Path directory, SnapshotManifest manifest) {
        return decodeState(
                directory, manifest, SnapshotFile.read(directory, SnapshotWriter.STATE_FILE, Limits.MAX_STATE_BYTES));
    }

    /** As {@link #readState}, of the file's bytes. */
    static MachineState decodeState(Path directory, SnapshotManifest manifest, byte[] bytes) {
        if (bytes.length != manifest.stateBytes() || !Digests.sha256(bytes).equals(manifest.stateSha256())) {
            throw SnapshotRefusedException.damaged(directory, "its state has not the manifest's size and digest");
        }
        try {
            MachineState state = MachineState.decode(bytes);
            CorruptStateException.require(
                    state.vcpus().size() == manifest.shape().vcpus(),
                    "it has " + state.vcpus().size() + " vCPUs");
            for (VcpuState vcpu : state.vcpus()) {
                CorruptStateException.require(
                        CpuFeatures.missing(
                                        vcpu.cpuid(), state.vcpus().getFirst().cpuid(), 1)
                                .isEmpty(),
                        "its vCPUs are of different CPUs");
            }
            CorruptStateException.require(
                    manifest.host().usedBy(state).equals(manifest.host()),
                    "it needs another host than the manifest says");
            return state;
        } catch (CorruptStateException e) {
            throw SnapshotRefusedException.damaged(directory, "its state is damaged: " + e.getMessage(), e);
        }
    }

    /**
     * Refuses a snapshot that cannot be restored on a host.
     *
     * @throws SnapshotRefusedException which says what the host lacks
     */
    static void requireFits(Path directory, SnapshotManifest manifest, HostFacts host) {
        manifest.host().missingOn(host).ifPresent(why -> {
            throw SnapshotRefusedException.elsewhere(directory, why);
        });
    }

    /**
     * Brings the memory into a range of addresses. The file {@code memory} is mapped copy-on-write: pages come from the page
     * cache when they are touched, and what the guest writes never reaches the file. What of the memory differs from it is
     * read over it. Sizes and the list of changes are checked here, the content by {@link #verify}, which reads all of it
     * and so is not for the wake.
     *
     * @param range as large as the machine's memory; nobody uses it yet
     * @param free of this range; told what of it is zero now
     * @throws SnapshotRefusedException when a file is missing or has another size, or the list of changes is damaged
     * @throws cloud.ignition.linux.LinuxException when the host refuses
     */
    public static void loadMemory(Path directory, SnapshotManifest manifest, Mmap range, FreePages free) {
        Fd file = openMemory(directory, manifest);
        try {
            range.placePrivateCopyOf(file, 0);
        } catch (RuntimeException e) {
            throw new Closing().then(file::close).because(e);
        }
        ChangesFile.apply(directory, manifest.changes(), range, free);
    }

    private static Fd openMemory(Path directory, SnapshotManifest manifest) {
        Fd file = SnapshotFile.open(directory, SnapshotWriter.MEMORY_FILE);
        try {
            long size = file.size();
            if (size != manifest.shape().memoryBytes()) {
                throw SnapshotRefusedException.damaged(
                        directory,
                        "its memory has " + size + " bytes, not "
                                + manifest.shape().memoryBytes());
            }
            return file;
        } catch (RuntimeException e) {
            throw new Closing().then(file::close).because(e);
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
        try (Fd file = openMemory(directory, manifest)) {
            MemoryFile.Written found = MemoryFile.check(file, manifest.shape().memoryBytes());
            if (found.crc32c() != manifest.memoryCrc32c() || found.dataBytes() != manifest.memoryDataBytes()) {
                throw SnapshotRefusedException.damaged(directory, "its memory's checksum does not match");
            }
            ChangesFile.check(directory, manifest.changes(), manifest.shape().memoryBytes());
        } catch (LinuxException e) {
            if (e.errno() != Errno.EIO) {
                throw e;
            }
            throw SnapshotRefusedException.damaged(directory, "its memory cannot be read: " + e.getMessage(), e);
        }
    }
}
