package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.PortMapping;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.AppNetwork;
import cloud.ignition.daemon.network.Link;
import cloud.ignition.linux.Tap;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;

/** A network of nobody: its packets come when {@link #packet} is called. */
final class RehearsedNetwork implements AppNetwork {
    /** Who waits for a packet now, one at most. */
    private final BlockingQueue<Runnable> watchers = new LinkedBlockingQueue<>();

    private final Semaphore closed = new Semaphore(0);

    /** A machine is closed: the next who waits for a packet waits for it asleep. */
    void machineClosed() {
        closed.release();
    }

    /** Waits until the app sleeps, and wakes it. */
    void packet() throws InterruptedException {
        awaitAsleep();
        watchers.take().run();
    }

    /** Waits until the app sleeps. */
    void awaitAsleep() throws InterruptedException {
        closed.acquire();
        Runnable watcher = watchers.take();
        watchers.add(watcher);
    }

    @Override
    public void reserve(String appName, List<PortMapping> ports) {}

    @Override
    public void release(String appName) {}

    @Override
    public void adopt(String appName, List<PortMapping> ports) {}

    @Override
    public Link attach(AppAddress address, List<PortMapping> ports) {
        return new Rehearsed(address);
    }

    @Override
    public void holdBack(AppAddress address, boolean on) {}

    @Override
    public void withdraw(String appName, AppAddress address) {}

    private final class Rehearsed implements Link {
        private final AppAddress address;

        Rehearsed(AppAddress address) {
            this.address = address;
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
            throw new IllegalStateException("rehearsed machines have no network card");
        }

        @Override
        public void watch(Runnable onPacket) {
            watchers.add(onPacket);
        }

        @Override
        public void unwatch() {
            watchers.clear();
        }

        @Override
        public void discardQueued() {}

        @Override
        public void remove() {}

        @Override
        public void close() {}
    }
}
