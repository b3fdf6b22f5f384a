package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.UserException;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.RouteSocket;
import cloud.ignition.linux.Tap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A {@link Link} on a real tap. */
final class TapLink implements Link {
    private static final int QUEUE_LENGTH = 1000;
    private static final int MAX_FRAME = (64 << 10) + 64;

    private final AppAddress address;
    private final Tap tap;
    private final SleepingTaps sleepers;
    private final Optional<FrameGuard> guard;
    private SleepingTaps.@Nullable Watch watch;

    private TapLink(AppAddress address, Tap tap, SleepingTaps sleepers, Optional<FrameGuard> guard) {
        this.guard = guard;
        this.address = address;
        this.tap = tap;
        this.sleepers = sleepers;
    }

    /** Makes the tap or takes over the existing one, and brings it to the wanted state either way. */
    static TapLink open(AppAddress address, SleepingTaps sleepers, Optional<FrameGuard> guard) {
        String name = address.tapName();
        Tap tap;
        try {
            tap = Tap.open(name, true);
        } catch (LinuxException e) {
            throw UserException.unavailable(
                    "network device " + name + " cannot be made: " + e.getMessage()
                            + "; the daemon needs root and the kernel's TUN driver (modprobe tun)",
                    e);
        }
        try {
            // Before the link comes up: no router solicitations or multicast reports that would wake the app.
            Sysctl.setIfPresent("net/ipv6/conf/" + name + "/disable_ipv6", "1");
            Sysctl.set("net/ipv4/conf/" + name + "/route_localnet", "1");
            setUp(address);
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
        return new TapLink(address, tap, sleepers, guard);
    }

    /** By the kernel's own interface: a process takes ten times as long, and this is on a boot's way. */
    private static void setUp(AppAddress address) {
        try (RouteSocket route = RouteSocket.open()) {
            int index = route.indexOf(address.tapName());
            route.putAddress(index, address.host(), AppAddress.PREFIX);
            route.bringUp(index, address.hostMacBytes(), QUEUE_LENGTH);
            route.putNeighbour(index, address.guest(), address.guestMac());
        } catch (LinuxException e) {
            throw UserException.unavailable(
                    "network device " + address.tapName() + " cannot be set up: " + e.getMessage()
                            + "; the daemon needs root",
                    e);
        }
    }

    @Override
    public AppAddress address() {
        return address;
    }

    @Override
    public Tap tap() {
        return tap;
    }

    @Override
    public boolean guarded() {
        return guard.filter(rules -> rules.covers(address)).isPresent();
    }

    @Override
    public boolean toBeGuarded() {
        return guard.isPresent();
    }

    @Override
    public synchronized void watch(Runnable onPacket) {
        unwatch();
        watch = sleepers.add(tap.fd(), onPacket);
    }

    @Override
    public synchronized void unwatch() {
        SleepingTaps.Watch ending = watch;
        if (ending != null) {
            watch = null;
            ending.end();
        }
    }

    @Override
    public void discardQueued() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(MAX_FRAME);
            int left = QUEUE_LENGTH;
            while (left > 0 && tap.fd().read(frame) > 0) {
                left--;
            }
        }
    }

    @Override
    public void remove() {
        unwatch();
        tap.setPersistent(false);
        tap.close();
    }

    @Override
    public void close() {
        unwatch();
        tap.close();
    }
}
