package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Manifests and states that this process wrote or read lately, decoded and checked. Decoding a state takes longer than
 * giving it to KVM, and depends on the files' bytes alone: where both files still have exactly these bytes, what was made of
 * them is used again. So nothing that has changed on disk is ever taken for what it was. Thread-safe.
 */
public final class KnownSnapshots {
    /** A snapshot but for its memory; not to be changed. */
    public record Parts(SnapshotManifest manifest, MachineState state) {}

    /** @param fits the host that it was found to fit, a host's facts do not change; null: not looked at yet */
    private record Known(
            byte[] stateBytes, Parts parts, @Nullable HostFacts fits) {}

    /** A file's bytes as a key. */
    private record Bytes(byte[] bytes) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Bytes b && Arrays.equals(bytes, b.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    /** By the manifest's bytes, least recently used first. */
    private static final Map<Bytes, Known> KNOWN = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Known> eldest) {
            return size() > Limits.MAX_KNOWN_SNAPSHOTS;
        }
    };

    private KnownSnapshots() {}

    /**
     * Reads manifest and state of a snapshot, and checks them as {@link SnapshotReader} does.
     *
     * @param host where it is to be restored
     * @throws SnapshotRefusedException when it is damaged or does not fit the host
     */
    public static Parts read(Path directory, HostFacts host) {
        Bytes key = new Bytes(SnapshotFile.read(directory, SnapshotManifest.FILE, Limits.MAX_MANIFEST_BYTES));
        Known known = find(key);
        if (known == null) {
            return readNew(directory, key, SnapshotManifest.decode(directory, key.bytes()), host);
        }
        boolean fits = host.equals(known.fits());
        if (!fits) {
            SnapshotReader.requireFits(directory, known.parts().manifest(), host);
        }
        byte[] stateBytes = SnapshotFile.read(directory, SnapshotWriter.STATE_FILE, Limits.MAX_STATE_BYTES);
        if (!Arrays.equals(stateBytes, known.stateBytes())) {
            return readNew(directory, key, known.parts().manifest(), host);
        }
        if (!fits) {
            put(key, new Known(stateBytes, known.parts(), host));
        }
        return known.parts();
    }

    private static Parts readNew(Path directory, Bytes key, SnapshotManifest manifest, HostFacts host) {
        SnapshotReader.requireFits(directory, manifest, host);
        byte[] stateBytes = SnapshotFile.read(directory, SnapshotWriter.STATE_FILE, Limits.MAX_STATE_BYTES);
        Parts parts = new Parts(manifest, SnapshotReader.decodeState(directory, manifest, stateBytes));
        put(key, new Known(stateBytes, parts, host));
        return parts;
    }

    /** Remembers what was just written: its machine is the most likely to be restored. */
    static void written(Path directory, SnapshotManifest manifest, byte[] manifestBytes, byte[] stateBytes) {
        // Decoded from the bytes: the state that they were made of shares arrays with a machine.
        MachineState state;
        try {
            state = SnapshotReader.decodeState(directory, manifest, stateBytes);
        } catch (SnapshotRefusedException e) {
            return; // whoever reads it is told
        }
        put(new Bytes(manifestBytes), new Known(stateBytes, new Parts(manifest, state), null));
    }

    /** For tests: the next reading of each snapshot is as in a new process. */
    static void forget() {
        synchronized (KNOWN) {
            KNOWN.clear();
        }
    }

    /** For tests. */
    static int count() {
        synchronized (KNOWN) {
            return KNOWN.size();
        }
    }

    private static @Nullable Known find(Bytes key) {
        synchronized (KNOWN) {
            return KNOWN.get(key);
        }
    }

    private static void put(Bytes key, Known known) {
        synchronized (KNOWN) {
            KNOWN.put(key, known);
        }
    }
}
