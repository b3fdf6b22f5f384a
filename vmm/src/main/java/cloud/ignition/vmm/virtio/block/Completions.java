package cloud.ignition.vmm.virtio.block;

import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Requests that are done, on their way from the threads that did them to the event loop, which hears of them by an eventfd. */
final class Completions implements AutoCloseable {
    private final EventFd signal = EventFd.create();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final Deque<BlockRequest> done = new ArrayDeque<>();

    /** Readable when something was added since the last {@link #hush}. */
    Fd fd() {
        return signal.fd();
    }

    /** Any thread. */
    void add(BlockRequest request) {
        lock.lock();
        try {
            done.add(request);
            added.signal();
            signal.signal(); // with the lock: who takes the last request may close this next
        } finally {
            lock.unlock();
        }
    }

    /** The next one, or null. */
    @Nullable
    BlockRequest poll() {
        lock.lock();
        try {
            return done.poll();
        } finally {
            lock.unlock();
        }
    }

    /** The next one; waits for it. */
    BlockRequest take() {
        lock.lock();
        try {
            while (done.isEmpty()) {
                added.awaitUninterruptibly();
            }
            return done.remove();
        } finally {
            lock.unlock();
        }
    }

    /** Before the requests are taken: {@link #fd} is not readable until another one is added. */
    void hush() {
        signal.drain();
    }

    @Override
    public void close() {
        signal.close();
    }
}
