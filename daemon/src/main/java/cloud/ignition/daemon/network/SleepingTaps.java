package cloud.ignition.daemon.network;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The one loop that sees the first packet for a sleeping app: an epoll over the taps of all of them. A tap is out of the
 * set before its callback runs, so that from then on nobody but the machine looks at it. No lock is shared by two taps.
 */
public final class SleepingTaps implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(SleepingTaps.class.getName());
    private static final int EVENTS_PER_ROUND = 64;
    private static final long STOP_TOKEN = -1;

    private final Epoll epoll = Epoll.create();
    private final EventFd stop = EventFd.create();
    private final Map<Long, Watch> watches = new ConcurrentHashMap<>();
    private final AtomicLong nextToken = new AtomicLong();
    private final Thread thread;

    /** Starts the loop. */
    public SleepingTaps() {
        epoll.add(stop.fd(), Epoll.IN, STOP_TOKEN);
        thread = Thread.ofPlatform().name("sleeping-taps").daemon(true).start(this::loop);
    }

    /** Watches a descriptor until it is readable, then calls back once, on the loop's thread. */
    public Watch add(Fd fd, Runnable onPacket) {
        Watch watch = new Watch(nextToken.getAndIncrement(), fd, onPacket);
        watches.put(watch.token, watch);
        try {
            epoll.add(fd, Epoll.IN, watch.token);
        } catch (RuntimeException e) {
            watches.remove(watch.token);
            throw e;
        }
        return watch;
    }

    /** How many descriptors are watched. */
    public int size() {
        return watches.size();
    }

    /** One watched descriptor. */
    public final class Watch {
        private final long token;
        private final Fd fd;
        private final Runnable onPacket;

        private Watch(long token, Fd fd, Runnable onPacket) {
            this.token = token;
            this.fd = fd;
            this.onPacket = onPacket;
        }

        /** Ends the watch; false when it had fired already or ended. When this returns the callback does not run any more. */
        public synchronized boolean end() {
            boolean watched = watches.remove(token) != null;
            if (watched) {
                epoll.remove(fd);
            }
            return watched;
        }

        /** With the watch's own lock, so that an end() that comes second waits for the callback; it only hands over. */
        private synchronized void fire() {
            if (end()) {
                try {
                    onPacket.run();
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.ERROR, "waking an app failed", e);
                }
            }
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
                Watch watch = watches.get(events.token(i));
                if (watch != null) {
                    watch.fire();
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
