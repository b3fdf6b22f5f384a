package cloud.ignition.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotShelfTest {
    @TempDir
    Path app;

    private Path put(SnapshotShelf shelf) throws IOException {
        Path snapshot = shelf.next();
        Files.createDirectories(snapshot);
        Files.writeString(snapshot.resolve("memory"), "x".repeat(10_000));
        return snapshot;
    }

    @Test
    void theNewestCountsByNumber() throws IOException {
        SnapshotShelf shelf = new SnapshotShelf(app);
        assertThat(shelf.newest()).isEmpty();
        for (int i = 0; i < 11; i++) {
            put(shelf);
        }
        assertThat(shelf.newest()).contains(app.resolve("snapshots/11"));
        shelf.removeOlder();
        assertThat(app.resolve("snapshots")).isDirectoryNotContaining("glob:**/10");
        assertThat(shelf.newest()).contains(app.resolve("snapshots/11"));
        assertThat(shelf.allocatedBytes()).isBetween(10_000L, 16_384L);
    }

    @Test
    void halfWrittenOnesAreNotSnapshotsAndAreReaped() throws IOException {
        SnapshotShelf shelf = new SnapshotShelf(app);
        Path good = put(shelf);
        Path half = Files.createDirectories(app.resolve("snapshots/2.tmp"));
        assertThat(shelf.newest()).contains(good);
        shelf.removeOlder();
        assertThat(half).doesNotExist();
        assertThat(good).exists();
    }

    @Test
    void aRefusedOneIsKeptButNeverUsed() throws IOException {
        SnapshotShelf shelf = new SnapshotShelf(app);
        Path aside = shelf.setAside(put(shelf));
        assertThat(shelf.newest()).isEmpty();
        Path next = put(shelf);
        shelf.removeOlder();
        assertThat(aside).exists();
        shelf.clear();
        assertThat(next).doesNotExist();
        assertThat(aside).exists();
        Path second = shelf.setAside(put(shelf));
        assertThat(second).exists();
    }
}
