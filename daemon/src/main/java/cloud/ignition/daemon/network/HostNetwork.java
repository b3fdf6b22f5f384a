package cloud.ignition.daemon.network;

import cloud.ignition.daemon.app.PortMapping;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** {@link AppNetwork} on this host: taps, {@code ip} and nftables. */
public final class HostNetwork implements AppNetwork, AutoCloseable {
    private final AddressPool pool;
    private final SleepingTaps sleepers = new SleepingTaps();
    private final PublishedPorts ports = new PublishedPorts();
    private final SortedMap<AppAddress, List<PortMapping>> published =
            new TreeMap<>(Comparator.comparingInt(AppAddress::index));
    private final Set<AppAddress> heldBack = new HashSet<>();
    private final Optional<FrameGuard> guard;
    private boolean forwarding;
    private boolean batching;

    /**
     * On a pool; nothing on the host is changed yet.
     *
     * @param guarding whether links are to be {@link Link#guarded}
     */
    public HostNetwork(AddressPool pool, boolean guarding) {
        this.pool = pool;
        guard = guarding ? Optional.of(new FrameGuard()) : Optional.empty();
    }

    /**
     * Takes over what a former daemon left: deletes taps of no app, and what guards frames. Call once, before any {@link #attach}.
     *
     * @param wanted the addresses that belong to apps
     * @return names of the taps that were deleted
     */
    public List<String> reapOrphans(Set<AppAddress> wanted) {
        FrameGuard.reap();
        return TapInventory.reap(
                pool, wanted.stream().map(AppAddress::tapName).collect(java.util.stream.Collectors.toSet()));
    }

    /** Does what attaches many apps, with one change of the table at its end. */
    public void inOneGo(Runnable attaching) {
        synchronized (published) {
            batching = true;
        }
        try {
            attaching.run();
        } finally {
            synchronized (published) {
                batching = false;
                apply();
            }
        }
    }

    @Override
    public void reserve(String appName, List<PortMapping> wanted) {
        ports.reserve(appName, wanted);
    }

    @Override
    public void release(String appName) {
        ports.release(appName);
    }

    @Override
    public void adopt(String appName, List<PortMapping> wanted) {
        ports.adopt(appName, wanted);
    }

    @Override
    public Link attach(AppAddress address, List<PortMapping> wanted) {
        TapLink link = TapLink.open(address, sleepers, guard);
        try {
            synchronized (published) {
                enableForwarding();
                published.put(address, List.copyOf(wanted));
                apply();
            }
        } catch (RuntimeException e) {
            synchronized (published) {
                published.remove(address);
            }
            link.remove();
            throw e;
        }
        return link;
    }

    @Override
    public void withdraw(String appName, AppAddress address) {
        ports.release(appName);
        synchronized (published) {
            heldBack.remove(address);
            if (published.remove(address) != null) {
                apply();
            }
        }
    }

    @Override
    public void holdBack(AppAddress address, boolean on) {
        synchronized (published) {
            boolean changed = on ? heldBack.add(address) : heldBack.remove(address);
            if (changed && published.containsKey(address)) {
                apply();
            }
        }
    }

    private void enableForwarding() {
        if (!forwarding) {
            Sysctl.set("net/ipv4/ip_forward", "1");
            forwarding = true;
        }
    }

    /** Removes the tables when no app is left that needs it. */
    private void apply() {
        if (batching) {
            return;
        }
        HostTool.NFT.run(
                published.isEmpty() ? Ruleset.removing() : Ruleset.replacing(pool, published, heldBack),
                List.of("-f", "-"));
        guard.ifPresent(rules -> rules.apply(published.keySet()));
    }

    /** Ends the network loop. Taps and the table stay, so that open connections outlive the daemon. */
    @Override
    public void close() {
        sleepers.close();
    }
}
