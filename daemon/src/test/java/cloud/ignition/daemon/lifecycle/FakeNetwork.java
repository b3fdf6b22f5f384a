package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.AppNetwork;
import cloud.ignition.daemon.network.Link;
import cloud.ignition.linux.Tap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A network whose packets the test sends. */
final class FakeNetwork implements AppNetwork {
    final Map<Integer, FakeLink> links = new ConcurrentHashMap<>();
    final Set<String> reserved = ConcurrentHashMap.newKeySet();
    final Set<AppAddress> heldBack = ConcurrentHashMap.newKeySet();

    /** A packet arrives for the app with this index: it waits in the tap until a machine has it. */
    void packet(int index) {
        FakeLink link = links.get(index);
        if (link != null) {
            link.packet();
        }
    }

    FakeLink link(int index) {
        FakeLink link = links.get(index);
        if (link == null) {
            throw new AssertionError("app " + index + " has no link");
        }
        return link;
    }

    @Override
    public synchronized void reserve(String appName, List<PortMapping> ports) {
        for (PortMapping port : ports) {
            if (!reserved.add(appName + " " + port)
                    || reserved.stream()
                            .anyMatch(other -> !other.startsWith(appName + " ") && other.endsWith(" " + port))) {
                reserved.remove(appName + " " + port);
                throw UserException.conflict("port " + port + " is already published");
            }
        }
    }

    @Override
    public void release(String appName) {
        reserved.removeIf(entry -> entry.startsWith(appName + " "));
    }

    @Override
    public void adopt(String appName, List<PortMapping> ports) {
        ports.forEach(port -> reserved.add(appName + " " + port));
    }

    @Override
    public Link attach(AppAddress address, List<PortMapping> ports) {
        FakeLink link = new FakeLink(address);
        links.put(address.index(), link);
        return link;
    }

    @Override
    public void holdBack(AppAddress address, boolean on) {
        if (on) {
            heldBack.add(address);
        } else {
            heldBack.remove(address);
        }
    }

    @Override
    public void withdraw(String appName, AppAddress address) {
        release(appName);
    }

    /** One link. */
    final class FakeLink implements Link {
        private final AppAddress address;
        private @Nullable Runnable watcher;
        private boolean waiting;

        FakeLink(AppAddress address) {
            this.address = address;
        }

        synchronized boolean watched() {
            return watcher != null;
        }

        private synchronized void packet() {
            waiting = true;
            fire();
        }

        private void fire() {
            Runnable callback = watcher;
            if (callback != null && waiting) {
                watcher = null;
                waiting = false; // the machine that this makes takes it
                callback.run();
            }
        }

        @Override
        public AppAddress address() {
            return address;
        }

        @Override
        public boolean guarded() {
            return false;
        }

        @Override
        public boolean toBeGuarded() {
            return false;
        }

        @Override
        public Tap tap() {
            throw new UnsupportedOperationException("fake machines have no use for it");
        }

        @Override
        public synchronized void watch(Runnable onPacket) {
            watcher = onPacket;
            fire();
        }

        @Override
        public synchronized void unwatch() {
            watcher = null;
        }

        @Override
        public synchronized void discardQueued() {
            waiting = false;
        }

        @Override
        public synchronized void remove() {
            watcher = null;
            links.remove(address.index());
        }

        @Override
        public synchronized void close() {
            watcher = null;
        }
    }

    /** Names of all that is still reserved. */
    Set<String> stillReserved() {
        return new HashSet<>(reserved);
    }
}
