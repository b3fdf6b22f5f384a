package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.vmm.SnapshotRefusedException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Makes the snapshot of a sleeping app a whole one, in the background, one app after the other. A wake in between goes on from
 * the snapshot that there is; what was written by then is thrown away. On the mailbox, but for the writing.
 */
final class Compacting {
    private static final System.Logger LOG = System.getLogger(Compacting.class.getName());

    private final App app;
    private @Nullable CompletableFuture<?> writing;
    private volatile boolean ended;

    Compacting(App app) {
        this.app = app;
    }

    /** Begins, for an app that fell asleep. */
    void begin() {
        Optional<Path> newest = app.shelf.newest();
        if (newest.isEmpty() || (writing != null && !writing.isDone())) {
            return;
        }
        Path from = newest.get();
        Path to = app.shelf.beginCompacted();
        ended = false;
        writing = CompletableFuture.runAsync(() -> write(from, to), app.services.background());
    }

    private void write(Path from, Path to) {
        try {
            if (app.services.machines().compact(from, to, () -> ended || app.state() != AppState.SLEEPING)) {
                app.mailbox.execute(() -> finish(from));
            }
        } catch (UncheckedIOException | SnapshotRefusedException e) {
            LOG.log(System.Logger.Level.INFO, "app " + app.name() + " keeps its snapshot in parts: " + App.describe(e));
        }
    }

    private void finish(Path from) {
        if (!ended && app.state() == AppState.SLEEPING && app.shelf.newest().equals(Optional.of(from))) {
            app.shelf.replaceByCompacted();
            app.log.append(LogLine.Source.IGNITION, "snapshot compacted");
        } else {
            app.shelf.dropCompacted();
        }
    }

    /** Ends it and waits for that; to be called before the app's files go. */
    void end() {
        ended = true;
        CompletableFuture<?> last = writing;
        if (last != null) {
            last.join();
            writing = null;
        }
        app.shelf.dropCompacted();
    }
}
