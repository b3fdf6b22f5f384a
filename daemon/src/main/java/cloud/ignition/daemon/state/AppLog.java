package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogSink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The log of one app: {@code log/current} and, once that has reached its limit, {@code log/previous}. A disk that
 * refuses a line loses that line and nothing else.
 */
public final class AppLog implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(AppLog.class.getName());

    private final Path current;
    private final Path previous;
    private final List<LogFollower> followers = new ArrayList<>();
    private @Nullable OutputStream out;
    private long size;
    private boolean complained;
    private boolean closed;

    /** The log of the app whose directory this is; files are made with the first line. */
    public AppLog(Path appDirectory) {
        this.current = appDirectory.resolve("log").resolve("current");
        this.previous = appDirectory.resolve("log").resolve("previous");
    }

    /** Appends a line with the present time. */
    public void append(LogLine.Source source, String text) {
        append(new LogLine(Instant.now().truncatedTo(ChronoUnit.MICROS), source, text));
    }

    private synchronized void append(LogLine line) {
        if (closed) {
            return;
        }
        try {
            byte[] bytes = LogLineFormat.write(line).getBytes(StandardCharsets.UTF_8);
            OutputStream stream = out;
            if (stream == null || size + bytes.length > Limits.MAX_LOG_FILE) {
                stream = openOrRotate(stream);
            }
            stream.write(bytes);
            size += bytes.length;
            complained = false;
        } catch (IOException e) {
            if (!complained) {
                LOG.log(System.Logger.Level.WARNING, "log {0} cannot be written: {1}", current, e.getMessage());
            }
            complained = true;
        }
        followers.forEach(follower -> follower.offer(line));
    }

    private OutputStream openOrRotate(@Nullable OutputStream old) throws IOException {
        if (old != null) {
            out = null;
            old.close();
            Files.move(current, previous, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.createDirectories(current.resolveSibling("."));
        }
        // Unbuffered: a line is one write, so that it is in the page cache when the daemon is killed.
        OutputStream stream = Files.newOutputStream(current, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        size = Files.size(current);
        out = stream;
        return stream;
    }

    /**
     * Gives the last {@code tail} lines (all when negative), then, when {@code follow}, every further one until the log is
     * closed, the sink is, or the thread is interrupted.
     */
    public void read(boolean follow, int tail, LogSink sink) {
        LogFollower follower = new LogFollower();
        List<LogLine> past;
        synchronized (this) {
            past = tail == 0 ? List.of() : lastLines(tail);
            if (follow && !closed) {
                followers.add(follower);
            }
        }
        try {
            past.forEach(sink::line);
            if (follow) {
                follower.drainTo(sink);
            }
        } finally {
            synchronized (this) {
                followers.remove(follower);
            }
        }
    }

    private List<LogLine> lastLines(int tail) {
        Deque<LogLine> lines = new ArrayDeque<>();
        for (Path file : List.of(previous, current)) {
            if (!Files.exists(file)) {
                continue;
            }
            try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
                for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                    LogLineFormat.read(text).ifPresent(lines::add);
                    if (tail > 0 && lines.size() > tail) {
                        lines.removeFirst();
                    }
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "log {0} cannot be read: {1}", file, e.getMessage());
            }
        }
        return List.copyOf(lines);
    }

    /** Ends all followers and takes no further lines. */
    @Override
    public synchronized void close() {
        closed = true;
        followers.forEach(LogFollower::end);
        if (out != null) {
            try {
                out.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "log {0} cannot be closed: {1}", current, e.getMessage());
            }
        }
        out = null;
    }
}
