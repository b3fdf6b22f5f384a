package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.state.FileTree;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.WarmUp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Warms the way of a wake while the daemon starts and behind that, see {@link WarmUp}: in the background, a bounded number of
 * times, and never while apps wake. Nothing depends on it: when the host refuses, the first wakes are slow.
 */
final class WakeWarmUp implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(WakeWarmUp.class.getName());

    private final Path directory;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int most;
    private volatile long quietFrom = System.nanoTime();
    private long endsAt;
    private int asked;
    private boolean ended;
    private boolean closed;
    private @Nullable Thread thread;

    /**
     * Does nothing yet.
     *
     * @param directory for temporary files; what is in it is deleted, before and afterwards
     */
    WakeWarmUp(Path directory) {
        this(directory, Limits.WARM_UP_RESTORES);
    }

    /** @param most restores of the built-in guest */
    WakeWarmUp(Path directory, int most) {
        this.directory = directory;
        this.most = most;
    }

    /** Begins, in a thread of its own; once. */
    void start() {
        lock.lock();
        try {
            if (!closed && thread == null) {
                endsAt = System.nanoTime() + Limits.WARM_UP_TIME.toNanos();
                thread = Thread.ofPlatform().name("warm-up").daemon(true).start(this::run);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the first few restores, which load what is on the way: a second one takes a tenth of the first. Not for long, and not
     * when it cannot warm or stands aside.
     */
    void awaitFirst() {
        lock.lock();
        try {
            long left = Limits.WARM_UP_BEFORE_READY_TIME.toNanos();
            // Asked before each, so one time more than it was done.
            while (thread != null && !ended && asked <= Limits.WARM_UP_BEFORE_READY && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /** A real machine is made: steps aside for a while. Costs one store. */
    void stepAside() {
        quietFrom = System.nanoTime() + Limits.WARM_UP_PAUSE.toNanos();
    }

    /** Begins and waits for the end. */
    void runNow() throws InterruptedException {
        start();
        Thread begun;
        lock.lock();
        try {
            begun = thread;
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            begun.join();
        }
    }

    private void run() {
        try {
            warm();
        } finally {
            lock.lock();
            try {
                ended = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void warm() {
        long start = System.nanoTime();
        try {
            FileTree.delete(directory);
            Files.createDirectories(directory);
            Optional<Tap> tap = tap();
            WarmUp.Result result;
            try {
                result = WarmUp.run(directory, tap, most, this::mayGoOn);
            } finally {
                tap.ifPresent(Tap::close);
                FileTree.delete(directory);
            }
            LOG.log(
                    System.Logger.Level.INFO,
                    String.format(
                            Locale.ROOT,
                            "wakes are warm: %d restores of the built-in guest in %.1f s, the first %.1f ms, the last %.1f ms",
                            result.restores(),
                            (System.nanoTime() - start) / 1e9,
                            result.firstNanos() / 1e6,
                            result.lastNanos() / 1e6));
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "wakes could not be warmed, the first ones are slow: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A device that is never up and goes with this process. */
    private static Optional<Tap> tap() {
        try {
            return Optional.of(Tap.open("igw" + ProcessHandle.current().pid(), false));
        } catch (LinuxException e) {
            return Optional.empty(); // no right to make one: only the way of packets stays cold
        }
    }

    private boolean mayGoOn() {
        lock.lock();
        try {
            asked++;
            changed.signalAll();
            while (!closed) {
                long now = System.nanoTime();
                if (now - endsAt >= 0) {
                    return false;
                }
                long wait = quietFrom - now;
                if (wait <= 0) {
                    return true;
                }
                long _ = changed.awaitNanos(wait);
            }
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Ends behind the restore that is under way, and waits for that. */
    @Override
    public void close() {
        Thread begun;
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
            begun = thread;
        } finally {
            lock.unlock();
        }
        if (begun != null) {
            try {
                begun.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
