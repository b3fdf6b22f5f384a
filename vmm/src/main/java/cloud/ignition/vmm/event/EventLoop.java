package cloud.ignition.vmm.event;

import cloud.ignition.linux.Closing;
import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import cloud.ignition.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one thread of a machine that works for its devices: it waits on one epoll instance for kicks (ioeventfds) and for
 * back ends (tap), and runs what is due. It can be parked between two rounds, so that no request is half done while
 * the machine is saved.
 */
public final class EventLoop implements AutoCloseable {
    /** What is run, on the loop's thread, when a watched descriptor is ready. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Does what is due.
         *
         * @param events EPOLLIN, EPOLLOUT … as reported
         */
        void ready(int events);
    }

    private enum Wish {
        RUN,
        PARK,
        END
    }

    private static final int EVENTS_PER_ROUND = 32;
    private static final long CONTROL = 0;

    private final Epoll epoll;
    private final EventFd control;
    private final List<Handler> handlers = new ArrayList<>();
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Wish wish = Wish.PARK;
    private boolean parked = true;
    private boolean resumed;
    private boolean dead;
    private @Nullable Runnable firstResume;
    private Runnable beforePark = () -> {};
    private Runnable behindPark = () -> {};
    private volatile Consumer<Throwable> onFailure = failure -> {};

    /**
     * A loop that is not started yet and works for nobody.
     *
     * @param name the thread's name
     */
    public EventLoop(String name) {
        epoll = Epoll.create();
        try {
            control = EventFd.create();
        } catch (RuntimeException e) {
            throw new Closing().then(epoll::close).because(e);
        }
        try {
            epoll.add(control.fd(), Epoll.IN, CONTROL);
        } catch (RuntimeException e) {
            throw new Closing().then(control::close).then(epoll::close).because(e);
        }
        handlers.add(events -> control.drain());
        thread = Thread.ofPlatform()
                .name(name)
                .daemon(true)
                .uncaughtExceptionHandler((dying, failure) -> onFailure.accept(failure))
                .unstarted(this::loop);
    }

    /**
     * Says whom the loop works for; before its first {@link #resume}.
     *
     * @param drain run on the loop's thread before it parks: finishes what is already kicked
     * @param resumed run on the loop's thread whenever it is resumed, before anything else but {@link #onFirstResume}
     * @param failures takes what a handler threw; the loop goes on
     */
    public void serve(Runnable drain, Runnable resumed, Consumer<Throwable> failures) {
        beforePark = drain;
        behindPark = resumed;
        onFailure = failures;
    }

    /** Watches a descriptor; before the first {@link #resume} only, or on the loop's own thread. */
    public Watch watch(Fd fd, int events, Handler handler) {
        handlers.add(handler);
        Watch watch = new Watch(fd, handlers.size() - 1L);
        watch.interest(events);
        return watch;
    }

    /**
     * One watched descriptor. It is in the epoll set only while it is watched for something: epoll reports errors and
     * hang-ups of every member whether asked or not, and a tap whose interface was deleted would keep the loop spinning.
     */
    public final class Watch {
        private final Fd fd;
        private final long token;
        private boolean member;

        private Watch(Fd fd, long token) {
            this.fd = fd;
            this.token = token;
        }

        /** Changes what the descriptor is watched for; 0 for nothing, not even errors. From any thread. */
        public synchronized void interest(int events) {
            if (events == 0) {
                if (member) {
                    epoll.remove(fd);
                }
            } else if (member) {
                epoll.modify(fd, events, token);
            } else {
                epoll.add(fd, events, token);
            }
            member = events != 0;
        }
    }

    /** Has something done on the loop's thread when it is resumed for the first time, of which this is called before. */
    public void onFirstResume(Runnable work) {
        firstResume = work;
    }

    /** Starts the thread, parked. */
    public void start() {
        thread.start();
    }

    /** Lets a parked loop run. */
    public void resume() {
        set(Wish.RUN);
    }

    /** Asks the loop to park and waits until it stands between two rounds. */
    public void park() {
        set(Wish.PARK);
        control.signal();
        lock.lock();
        try {
            while (!parked && !dead) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void set(Wish next) {
        lock.lock();
        try {
            if (wish != Wish.END) {
                wish = next;
                if (next == Wish.RUN) {
                    parked = false;
                    resumed = true;
                }
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        try {
            rounds();
        } finally {
            lock.lock();
            try {
                dead = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void rounds() {
        Epoll.Events events = new Epoll.Events(EVENTS_PER_ROUND);
        while (mayGoOn()) {
            int ready = epoll.await(events, -1);
            for (int i = 0; i < ready; i++) {
                run(handlers.get((int) events.token(i)), events.events(i));
            }
        }
    }

    private void run(Handler handler, int events) {
        try {
            handler.ready(events);
        } catch (RuntimeException e) {
            onFailure.accept(e);
        }
    }

    /** Returns false at the end; parks as long as that is wished. */
    private boolean mayGoOn() {
        boolean fresh;
        lock.lock();
        try {
            if (wish == Wish.PARK && !parked) {
                try {
                    beforePark.run();
                } catch (RuntimeException e) {
                    onFailure.accept(e);
                }
            }
            while (wish == Wish.PARK) {
                parked = true;
                changed.signalAll();
                changed.awaitUninterruptibly();
            }
            parked = wish == Wish.END;
            fresh = resumed;
            resumed = false;
            changed.signalAll();
            if (wish != Wish.RUN) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        Runnable work = firstResume;
        if (work != null) {
            firstResume = null;
            run(events -> work.run(), 0);
        }
        if (fresh) {
            run(events -> behindPark.run(), 0);
        }
        return true;
    }

    /** Ends the thread and waits for it; a second call does nothing. */
    public void end() {
        lock.lock();
        try {
            wish = Wish.END;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        do {
            try {
                control.signal();
                thread.join();
            } catch (LinuxException e) {
                // The thread must go, so ask again: whatever kept the kernel from writing 8 bytes is not for long.
                Thread.onSpinWait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        } while (thread.isAlive());
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the thread and closes what the loop made; the watched descriptors stay open. */
    @Override
    public void close() {
        new Closing().then(this::end).then(control::close).then(epoll::close).orThrow();
    }
}
