package cloud.ignition.daemon.state;

import cloud.ignition.daemon.app.LogLine;
import cloud.ignition.daemon.app.LogSink;
import java.time.Instant;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** One reader that follows a log. A slow one loses lines (and is told so) rather than slowing the app down. */
final class LogFollower {
    private static final LogLine END = new LogLine(Instant.EPOCH, LogLine.Source.IGNITION, "end");

    private final BlockingQueue<LogLine> queue = new ArrayBlockingQueue<>(Limits.MAX_FOLLOWER_QUEUE);
    private final AtomicLong skipped = new AtomicLong();
    private volatile boolean ended;

    void offer(LogLine line) {
        if (!queue.offer(line)) {
            skipped.incrementAndGet();
        }
    }

    void end() {
        ended = true;
        // Wakes a reader that waits; when the queue is full it is not waiting.
        if (!queue.offer(END)) {
            skipped.incrementAndGet();
        }
    }

    void drainTo(LogSink sink) {
        try {
            while (sink.isOpen()) {
                LogLine line = queue.poll(Limits.FOLLOWER_CHECK_SECONDS, TimeUnit.SECONDS);
                if ((line == null && ended) || END.equals(line)) {
                    return;
                }
                long lost = skipped.getAndSet(0);
                if (lost > 0) {
                    sink.line(new LogLine(Instant.now(), LogLine.Source.IGNITION, "(" + lost + " lines skipped)"));
                }
                if (line != null) {
                    sink.line(line);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
