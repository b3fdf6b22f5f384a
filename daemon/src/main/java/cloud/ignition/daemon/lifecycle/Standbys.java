package cloud.ignition.daemon.lifecycle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The machines that stand by, of all apps. When the host is short of memory the least recently used ones leave it first,
 * and for a while no other comes in. Thread-safe.
 */
final class Standbys {
    private static final System.Logger LOG = System.getLogger(Standbys.class.getName());

    private final LongSupplier clock;
    private final Set<Place> places = new HashSet<>();
    private long closedUntil;

    /** @param clock CLOCK_MONOTONIC, nanoseconds */
    Standbys(LongSupplier clock) {
        this.clock = clock;
        closedUntil = clock.getAsLong();
    }

    /** One machine that stands by. */
    final class Place {
        private final long lastUsed;
        private final Runnable leaveMemory;

        private Place(long lastUsed, Runnable leaveMemory) {
            this.lastUsed = lastUsed;
            this.leaveMemory = leaveMemory;
        }

        /** The machine does not stand by any more. */
        void leave() {
            synchronized (Standbys.this) {
                places.remove(this);
            }
        }
    }

    /** Whether there is memory for one more; not for some time after memory was short. */
    synchronized boolean admits() {
        return clock.getAsLong() - closedUntil >= 0;
    }

    /**
     * Takes a machine in.
     *
     * @param lastUsed when it last did something, CLOCK_MONOTONIC nanoseconds
     * @param leaveMemory told, once at most, that it must go; only hands over
     */
    synchronized Place enter(long lastUsed, Runnable leaveMemory) {
        Place place = new Place(lastUsed, leaveMemory);
        places.add(place);
        return place;
    }

    synchronized int size() {
        return places.size();
    }

    /** The host is short of memory: a share of the machines must go, at least one, least recently used first. */
    void memoryIsShort() {
        List<Place> going;
        synchronized (this) {
            closedUntil = clock.getAsLong() + Limits.STANDBY_PAUSE.toNanos();
            going = new ArrayList<>(places);
            going.sort(Comparator.comparingLong(place -> place.lastUsed));
            going = going.subList(0, Math.ceilDiv(going.size(), Limits.STANDBY_SHARE));
            going.forEach(places::remove);
        }
        if (!going.isEmpty()) {
            LOG.log(System.Logger.Level.INFO, "memory is short: " + going.size() + " apps leave standby");
        }
        going.forEach(place -> place.leaveMemory.run());
    }
}
