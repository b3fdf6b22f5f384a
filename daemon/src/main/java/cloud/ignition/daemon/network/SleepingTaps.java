package cloud.ignition.daemon.network;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one loop that sees the first packet for a sleeping app: an epoll over the taps of all of them. A tap is out of the
 * set before its callback runs, so that from then on nobody but the machine looks at it.
 */
public final class SleepingTaps implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SleepingTaps.class.getName());
    private static final int EVENTS_PER_ROUND = 64;
    private static final long STOP_TOKEN = -1;

    private final Epoll epoll = Epoll.create();
    private final EventFd stop = EventFd.create();
    private final Map<Long, Watch> watches = new HashMap<>();
    private final Thread thread;
    private long nextToken;

    private record Watch(Fd fd, Runnable onPacket) {}

    /** Starts the loop. */
    public SleepingTaps() {
        epoll.add(stop.fd(), Epoll.IN, STOP_TOKEN);
        thread = Thread.ofPlatform().name("sleeping-taps").daemon(true).start(this::loop);
    }

    /**
     * Watches a descriptor until it is readable, then calls back once, on the loop's thread.
     *
     * @return what {@link #remove} takes
     */
    public long add(Fd fd, Runnable onPacket) {
        synchronized (watches) {
            long token = nextToken++;
            watches.put(token, new Watch(fd, onPacket));
            epoll.add(fd, Epoll.IN, token);
            return token;
        }
    }

    /** Ends a watch; false when it had fired already (or never was). When this returns the callback does not run any more. */
    public boolean remove(long token) {
        return take(token) != null;
    }

    /** How many descriptors are watched. */
    public int size() {
        synchronized (watches) {
            return watches.size();
        }
    }

    private @Nullable Watch take(long token) {
        synchronized (watches) {
            Watch watch = watches.remove(token);
            if (watch != null) {
                epoll.remove(watch.fd());
            }
            return watch;
        }
    }

    private void loop() {
        Epoll.Events events = new Epoll.Events(EVENTS_PER_ROUND);
        while (true) {
            int count = epoll.await(events, -1);
            for (int i = 0; i < count; i++) {
                if (events.token(i) == STOP_TOKEN) {
                    return;
                }
                fire(events.token(i));
            }
        }
    }

    private void fire(long token) {
        // The callback runs under the lock so that a remove() that comes second waits for it; it only hands over.
        synchronized (watches) {
            Watch watch = take(token);
            if (watch != null) {
                try {
                    watch.onPacket().run();
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.ERROR, "waking an app failed", e);
                }
            }
        }
    }

    /** Ends the loop; watched descriptors are left alone. */
    @Override
    public void close() {
        stop.signal();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        stop.close();
        epoll.close();
    }
}
