package cloud.ignition.daemon.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The snapshots of one app: directories {@code snapshots/N} with rising numbers, each written under a temporary name and
 * renamed by the writer. The newest is the app's memory; older ones are garbage. A refused one is set aside as
 * {@code snapshots/refused-TIME-REASON} so that it can be looked at, and never used again; the last few such are kept.
 */
public final class SnapshotShelf {
    private static final String REFUSED = "refused-";

    /** The newest snapshot in the making as a whole. */
    private static final String COMPACTED = "compacted";

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final Path directory;
    private long size = -1;

    /** The shelf of one app, whose directory exists. */
    public SnapshotShelf(Path appDirectory) {
        this.directory = appDirectory.resolve("snapshots");
    }

    /** The newest snapshot. */
    public synchronized Optional<Path> newest() {
        List<Long> numbers = numbers();
        return numbers.isEmpty()
                ? Optional.empty()
                : Optional.of(directory.resolve(numbers.getLast().toString()));
    }

    /** A directory name for the next snapshot; its parent exists, it does not. */
    public synchronized Path next() {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Long> numbers = numbers();
        return directory.resolve(Long.toString(numbers.isEmpty() ? 1 : numbers.getLast() + 1));
    }

    /** Removes everything but the newest snapshot and those that were set aside. */
    public synchronized void removeOlder() {
        size = -1;
        Optional<Path> newest = newest();
        for (Path entry : entries()) {
            if (!isRefused(entry) && !newest.equals(Optional.of(entry))) {
                delete(entry);
            }
        }
    }

    /** Removes all snapshots; what was set aside stays. */
    public synchronized void clear() {
        size = -1;
        for (Path entry : entries()) {
            if (!isRefused(entry)) {
                delete(entry);
            }
        }
    }

    /**
     * Takes a snapshot that was refused out of the way.
     *
     * @param time when it was refused
     * @param reason one line for people; what of it can be in a file name is
     * @return where it is now
     */
    public synchronized Path setAside(Path snapshot, Instant time, String reason) {
        size = -1;
        String name = REFUSED + TIME.format(time) + "-" + fileName(reason);
        Path aside = directory.resolve(name);
        for (int i = 2; Files.exists(aside, LinkOption.NOFOLLOW_LINKS); i++) {
            aside = directory.resolve(name + "-" + i);
        }
        try {
            Files.move(snapshot, aside, StandardCopyOption.ATOMIC_MOVE);
            DurableFile.syncDirectory(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Path> all = refused();
        all.subList(0, Math.max(0, all.size() - Limits.KEPT_REFUSED)).forEach(SnapshotShelf::delete);
        return aside;
    }

    /** The snapshots that were set aside, oldest first. */
    public synchronized List<Path> refused() {
        List<Path> refused = new ArrayList<>(entries());
        refused.removeIf(entry -> !isRefused(entry));
        refused.sort(Comparator.comparing(entry -> entry.getFileName().toString()));
        return refused;
    }

    private static boolean isRefused(Path entry) {
        return entry.getFileName().toString().startsWith(REFUSED);
    }

    private static String fileName(String reason) {
        String words = reason.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        String bounded = words.substring(0, Math.min(words.length(), Limits.MAX_REASON_NAME));
        String trimmed = bounded.replaceAll("^-|-$", "");
        return trimmed.isEmpty() ? "unknown" : trimmed;
    }

    /** Disk space of everything on the shelf, bytes. */
    public synchronized long allocatedBytes() {
        if (size < 0) {
            try {
                size = FileTree.allocatedBytes(directory);
            } catch (IOException e) {
                return 0;
            }
        }
        return size;
    }

    /** Where the newest snapshot may be written as a whole; nothing is there. Nobody else touches it until one of the next two. */
    public synchronized Path beginCompacted() {
        dropCompacted();
        return directory.resolve(COMPACTED);
    }

    /** Puts what was written there into the place of the newest snapshot. */
    public synchronized void replaceByCompacted() {
        try {
            Files.move(directory.resolve(COMPACTED), next(), StandardCopyOption.ATOMIC_MOVE);
            DurableFile.syncDirectory(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        removeOlder();
    }

    /** Removes it, whole or unfinished. */
    public synchronized void dropCompacted() {
        for (Path entry : all()) {
            if (isCompacted(entry)) {
                delete(entry);
            }
        }
    }

    private static boolean isCompacted(Path entry) {
        return entry.getFileName().toString().startsWith(COMPACTED);
    }

    private List<Long> numbers() {
        List<Long> numbers = new ArrayList<>();
        for (Path entry : entries()) {
            String name = entry.getFileName().toString();
            if (name.matches("[0-9]{1,15}")) {
                numbers.add(Long.parseLong(name));
            }
        }
        numbers.sort(Comparator.naturalOrder());
        return numbers;
    }

    private List<Path> entries() {
        List<Path> entries = all();
        entries.removeIf(SnapshotShelf::isCompacted);
        return entries;
    }

    private List<Path> all() {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(entries::add);
        } catch (NoSuchFileException e) {
            return entries;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return entries;
    }

    private static void delete(Path entry) {
        try {
            FileTree.delete(entry);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
