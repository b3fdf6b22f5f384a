package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.SnapshotSubject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownSnapshotsTest {
    @TempDir
    Path directory;

    private Path snapshot = Path.of("");

    @BeforeEach
    void write() {
        KnownSnapshots.forget();
        snapshot = directory.resolve("snapshot");
        try (WrittenSnapshot sample = new WrittenSnapshot(4, 1)) {
            sample.write(snapshot);
        }
    }

    @Test
    void whatWasWrittenIsKnownAndEqualsWhatIsOnDisk() {
        assertThat(KnownSnapshots.count()).isEqualTo(1);
        KnownSnapshots.Parts known = read();
        KnownSnapshots.forget();
        KnownSnapshots.Parts decoded = read();
        assertThat(known).isNotSameAs(decoded);
        assertThat(known.manifest().encode()).isEqualTo(decoded.manifest().encode());
        assertThat(known.state().encode()).isEqualTo(decoded.state().encode());
        assertThat(read()).as("read before").isSameAs(decoded);
    }

    @Test
    void itIsKnownWhereverItLies() throws IOException {
        KnownSnapshots.Parts known = read();
        snapshot = Files.move(snapshot, directory.resolve("elsewhere"));
        assertThat(read()).isSameAs(known);
    }

    /** Each byte of both files, with size and times as they were. */
    @Test
    void aChangedByteIsFoundAsIfItHadNeverBeenRead() throws IOException {
        for (String name : new String[] {SnapshotManifest.FILE, SnapshotWriter.STATE_FILE}) {
            Path file = snapshot.resolve(name);
            byte[] whole = Files.readAllBytes(file);
            FileTime time = Files.getLastModifiedTime(file);
            for (int at = 0; at < whole.length; at += 1 + whole.length / 50) {
                byte[] changed = whole.clone();
                changed[at] ^= 1;
                Files.write(file, changed);
                Files.setLastModifiedTime(file, time);
                assertThatThrownBy(this::read).isInstanceOf(SnapshotRefusedException.class);
            }
            Files.write(file, whole);
            read();
        }
    }

    @Test
    void aFileThatIsGoneIsMissed() throws IOException {
        Files.delete(snapshot.resolve(SnapshotWriter.STATE_FILE));
        assertThatThrownBy(this::read)
                .isInstanceOf(SnapshotRefusedException.class)
                .hasMessageContaining("it has no file state");
    }

    @Test
    void aKnownOneIsRefusedOnAnotherHost() {
        HostFacts host = Samples.host();
        HostFacts other = new HostFacts(host.cpuid(), host.msrs().subList(0, 1), host.xsaveBytes(), 0, host.kernel());
        assertThatThrownBy(() -> KnownSnapshots.read(snapshot, other))
                .isInstanceOf(SnapshotRefusedException.class)
                .hasMessageContaining("lacks MSR");
    }

    @Test
    void theLeastRecentlyUsedIsForgotten() {
        KnownSnapshots.Parts first = read();
        for (int i = 1; i < Limits.MAX_KNOWN_SNAPSHOTS; i++) {
            another(i);
        }
        assertThat(read()).as("all fit").isSameAs(first);
        another(Limits.MAX_KNOWN_SNAPSHOTS);
        assertThat(KnownSnapshots.count()).isEqualTo(Limits.MAX_KNOWN_SNAPSHOTS);
        assertThat(read()).as("used lately").isSameAs(first);
        for (int i = 0; i < Limits.MAX_KNOWN_SNAPSHOTS; i++) {
            another(-1 - i);
        }
        assertThat(read()).as("not used lately").isNotSameAs(first);
    }

    /** As if a snapshot of the same state but of another subject was written. */
    private void another(int number) {
        byte[] state = Samples.machine(1).encode();
        SnapshotManifest of = SnapshotManifest.read(snapshot);
        SnapshotManifest manifest = new SnapshotManifest(
                of.shape(),
                of.host(),
                of.stateBytes(),
                of.stateSha256(),
                of.memoryCrc32c(),
                of.memoryDataBytes(),
                of.changes(),
                new SnapshotSubject(Map.of("number", Integer.toString(number))));
        KnownSnapshots.written(directory, manifest, manifest.encode(), state);
    }

    private KnownSnapshots.Parts read() {
        return KnownSnapshots.read(snapshot, Samples.host());
    }
}
