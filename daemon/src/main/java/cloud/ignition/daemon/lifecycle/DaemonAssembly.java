package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.Applications;
import cloud.ignition.daemon.app.Daemon;
import cloud.ignition.daemon.app.DaemonOptions;
import cloud.ignition.daemon.app.Images;
import cloud.ignition.daemon.app.Vhost;
import cloud.ignition.daemon.image.GuestParts;
import cloud.ignition.daemon.image.StoredImages;
import cloud.ignition.daemon.limits.CpuLimits;
import cloud.ignition.daemon.limits.MemoryPressure;
import cloud.ignition.daemon.network.AddressPool;
import cloud.ignition.daemon.network.AppAddress;
import cloud.ignition.daemon.network.HostNetwork;
import cloud.ignition.daemon.state.AppRecord;
import cloud.ignition.daemon.state.StateDirectory;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.ThreadPriority;
import cloud.ignition.linux.VhostNet;
import cloud.ignition.vmm.Shells;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Wires a daemon by hand. */
public final class DaemonAssembly implements Daemon {
    private static final System.Logger LOG = System.getLogger(DaemonAssembly.class.getName());
    private final StateDirectory state;
    private final HostNetwork network;
    private final ThreadPoolExecutor pool;
    private final ExecutorService background;
    private final ScheduledExecutorService timer;
    private final ApplicationService applications;
    private final StoredImages images;
    private final Shells shells;
    private final WakeWarmUp warmUp;
    private final Optional<MemoryPressure> pressure;
    private final AtomicBoolean shutDown = new AtomicBoolean();

    private DaemonAssembly(
            StateDirectory state,
            HostNetwork network,
            ThreadPoolExecutor pool,
            ExecutorService background,
            ScheduledExecutorService timer,
            ApplicationService applications,
            StoredImages images,
            Shells shells,
            WakeWarmUp warmUp,
            Optional<MemoryPressure> pressure) {
        this.state = state;
        this.network = network;
        this.pool = pool;
        this.background = background;
        this.timer = timer;
        this.applications = applications;
        this.images = images;
        this.shells = shells;
        this.warmUp = warmUp;
        this.pressure = pressure;
    }

    /**
     * Opens the state directory, adopts its apps and starts to watch their taps.
     *
     * @throws cloud.ignition.daemon.app.UserException when the directory is in use, or an option is wrong
     */
    public static Daemon open(DaemonOptions options) {
        return open(options, true);
    }

    /** As {@link #open}, but leaves apps and the host's taps alone: for the training run of the start-up cache. */
    public static DaemonAssembly openWithoutNetwork(DaemonOptions options) {
        return open(options, false);
    }

    private static DaemonAssembly open(DaemonOptions options, boolean adopting) {
        AddressPool addresses = AddressPool.parse(options.network());
        StateDirectory state = StateDirectory.open(options.stateDirectory());
        try {
            return open(options, addresses, state, adopting);
        } catch (RuntimeException e) {
            state.close();
            throw e;
        }
    }

    private static DaemonAssembly open(
            DaemonOptions options, AddressPool addresses, StateDirectory state, boolean adopting) {
        GuestPartsOnce parts = new GuestPartsOnce(
                () -> GuestParts.find(options.kernel(), options.initramfs(), GuestParts.defaultDirectories()));
        StoredImages images = StoredImages.open(state.root(), options.mirrors());
        HostNetwork network = new HostNetwork(addresses, adopting && usesVhost(options.vhost()));
        CpuLimits cpuLimits = new CpuLimits(Path.of("/"));
        ThreadPoolExecutor pool = pool(cpuLimits);
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(threads("deadlines"));
        ExecutorService background = background();
        Shells shells = Shells.pooled();
        WakeWarmUp warmUp = new WakeWarmUp(state.root().resolve("warm-up"));
        Standbys standbys = new Standbys(System::nanoTime);
        Services services = new Services(
                state,
                network,
                new MicroVmMachines(parts, cpuLimits, shells, warmUp),
                pool,
                background,
                timer,
                standbys,
                Services.Timeouts.DEFAULT);
        ApplicationService applications = new ApplicationService(services, addresses, images);
        images.setInUse(applications::uses);
        if (adopting) {
            warmUp.start();
            cpuLimits.reap();
            adopt(state, addresses, network, applications);
        }
        Optional<MemoryPressure> pressure = MemoryPressure.watch(Path.of("/"), standbys::memoryIsShort);
        return new DaemonAssembly(
                state, network, pool, background, timer, applications, images, shells, warmUp, pressure);
    }

    /** Opening it once loads the kernel's module, and tells whether machines can have it. */
    private static boolean usesVhost(Vhost wanted) {
        if (wanted == Vhost.OFF) {
            LOG.log(System.Logger.Level.INFO, "packets: moved by the daemon (--vhost off)");
            return false;
        }
        try {
            VhostNet.open().close();
            LOG.log(System.Logger.Level.INFO, "packets: moved by the kernel (vhost-net)");
            return true;
        } catch (LinuxException e) {
            LOG.log(System.Logger.Level.INFO, "packets: moved by the daemon (" + e.getMessage() + ")");
            return false;
        }
    }

    private static void adopt(
            StateDirectory state, AddressPool addresses, HostNetwork network, ApplicationService applications) {
        StateDirectory.Adopted found = state.adopt();
        found.complaints().forEach(complaint -> LOG.log(System.Logger.Level.WARNING, complaint));
        Set<AppAddress> wanted = new HashSet<>();
        for (AppRecord app : found.apps()) {
            if (app.phase() == AppRecord.Phase.UP && app.addressIndex() < addresses.capacity()) {
                wanted.add(addresses.address(app.addressIndex()));
            }
        }
        List<String> reaped = network.reapOrphans(wanted);
        if (!found.apps().isEmpty()) {
            network.inOneGo(() -> found.apps().forEach(applications::adopt));
        }
        if (!found.apps().isEmpty() || !reaped.isEmpty()) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "adopted " + found.apps().size() + " apps, " + wanted.size() + " of them wake on a packet; removed "
                            + reaped.size() + " orphaned taps");
        }
    }

    /** Threads that stand ready, so that a wake does not begin with making one; more are made when all are busy. */
    private static ThreadPoolExecutor pool(CpuLimits cpuLimits) {
        ThreadFactory threads = threads("app-");
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                Limits.IDLE_APP_THREADS,
                Integer.MAX_VALUE,
                60,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                work -> threads.newThread(() -> {
                    cpuLimits.leave();
                    work.run();
                }));
        pool.prestartAllCoreThreads();
        return pool;
    }

    /** One thread for work that nobody waits for: it goes after all others. */
    private static ExecutorService background() {
        ThreadFactory threads = threads("background");
        return Executors.newSingleThreadExecutor(work -> threads.newThread(() -> {
            ThreadPriority.lowest();
            work.run();
        }));
    }

    private static ThreadFactory threads(String name) {
        return Thread.ofPlatform().name(name, 0).daemon(true).factory();
    }

    @Override
    public Applications applications() {
        return applications;
    }

    @Override
    public Images images() {
        return images;
    }

    @Override
    public void awaitWarm() {
        warmUp.awaitFirst();
    }

    /** Warms as a daemon does behind its start, and waits for the end of it. */
    public void warmUp() throws InterruptedException {
        warmUp.runNow();
    }

    @Override
    public void shutdown() {
        if (shutDown.compareAndSet(false, true)) {
            pressure.ifPresent(MemoryPressure::close);
            warmUp.close();
            applications.shutdown();
            images.close();
            network.close();
            timer.shutdownNow();
            background.shutdownNow();
            pool.shutdown();
            shells.close();
            state.close();
        }
    }
}
