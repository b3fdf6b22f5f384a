package cloud.ignition.daemon.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotShelfTest {
    private static final Instant TIME = Instant.parse("2026-11-24T12:00:00.123Z");

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
    void aRefusedOneIsKeptUnderTimeAndReasonButNeverUsed() throws IOException {
        SnapshotShelf shelf = new SnapshotShelf(app);
        Path aside = shelf.setAside(put(shelf), TIME, "its state is damaged: /x y");
        assertThat(aside).hasFileName("refused-20261124T120000.123Z-its-state-is-damaged-x-y");
        assertThat(shelf.newest()).isEmpty();
        assertThat(shelf.refused()).containsExactly(aside);
        Path next = put(shelf);
        shelf.removeOlder();
        assertThat(aside).exists();
        shelf.clear();
        assertThat(next).doesNotExist();
        assertThat(aside).exists();
        Path second = shelf.setAside(put(shelf), TIME, "its state is damaged: /x y");
        assertThat(second).exists().isNotEqualTo(aside);
    }

    @Test
    void onlyTheLastRefusedOnesAreKept() throws IOException {
        SnapshotShelf shelf = new SnapshotShelf(app);
        List<Path> all = new ArrayList<>();
        for (int i = 0; i < Limits.KEPT_REFUSED + 3; i++) {
            all.add(shelf.setAside(put(shelf), TIME.plusSeconds(i), "x".repeat(i * 50) + "\n../..%"));
        }
        assertThat(shelf.refused()).isEqualTo(all.subList(3, all.size()));
        assertThat(all.get(2)).doesNotExist();
        assertThat(all.getLast().getParent()).isEqualTo(app.resolve("snapshots"));
        assertThat(all.getLast().getFileName().toString()).hasSizeLessThan(120);
    }
}
