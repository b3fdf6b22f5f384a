package cloud.ignition.vmm.shell;

import cloud.ignition.vmm.Limits;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Shells that stand ready, by plan. One background thread makes and closes them, never while it holds the lock that {@link #take}
 * needs; a taker that finds none makes its own. How many there are follows from how many were taken lately, see {@link ShellStock}.
 */
public final class ShellPool implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ShellPool.class.getName());

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<ShellPlan, ShellStock> stocks = new HashMap<>();
    private final Thread worker;
    private boolean settled = true;
    private boolean closed;

    /** An empty pool; its thread lives until {@link #close}. */
    public ShellPool() {
        worker = Thread.ofPlatform().name("shell-pool").daemon(true).start(this::work);
    }

    /** A shell of the caller's own: one that stands ready, or a new one. */
    public VmShell take(KvmHost host, ShellPlan plan) {
        VmShell ready;
        lock.lock();
        try {
            ready = closed ? null : stock(plan).take(System.nanoTime());
            changed();
        } finally {
            lock.unlock();
        }
        return ready != null ? ready : VmShell.create(host, plan);
    }

    /** Has one made, as if one had been taken before. */
    public void expect(ShellPlan plan) {
        lock.lock();
        try {
            if (!closed) {
                stock(plan).expect(System.nanoTime());
                changed();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many stand ready. */
    public int ready() {
        lock.lock();
        try {
            return stocks.values().stream().mapToInt(ShellStock::size).sum();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is nothing to make or to close for now. */
    public void awaitSettled() throws InterruptedException {
        lock.lock();
        try {
            while (!settled) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** With the lock. */
    private ShellStock stock(ShellPlan plan) {
        return stocks.computeIfAbsent(plan, ShellStock::new);
    }

    /** With the lock. */
    private void changed() {
        settled = false;
        changed.signalAll();
    }

    // ---- the background thread ----

    /** One thing to do: either make a shell of a plan, or close some. */
    private record Work(@Nullable ShellPlan make, List<VmShell> close) {}

    private void work() {
        for (Work next = await(); next != null; next = await()) {
            next.close().forEach(Closer::logged);
            ShellPlan plan = next.make();
            if (plan != null) {
                make(plan);
            }
        }
    }

    private @Nullable Work await() {
        lock.lock();
        try {
            while (!closed) {
                long now = System.nanoTime();
                List<VmShell> surplus = surplus(now);
                if (!surplus.isEmpty()) {
                    return new Work(null, surplus);
                }
                long due = Long.MAX_VALUE;
                for (ShellStock stock : stocks.values()) {
                    due = Math.min(due, stock.nanosUntilRefill(now));
                    if (due <= 0) {
                        return new Work(stock.plan(), List.of());
                    }
                }
                long _ = changed.awaitNanos(nanosUntilNextLook(due, now));
            }
        } catch (InterruptedException e) {
            closed = true; // nobody interrupts it but who wants it gone
        } finally {
            lock.unlock();
        }
        return null;
    }

    /** With the lock: until a shell is to be made, or a stock shrinks with time; a change ends the wait before. */
    private long nanosUntilNextLook(long nanosUntilRefill, long now) {
        if (nanosUntilRefill == Long.MAX_VALUE) {
            settled = true;
            changed.signalAll();
        }
        long nanos = nanosUntilRefill;
        for (ShellStock stock : stocks.values()) {
            nanos = Math.min(nanos, stock.nanosUntilForgotten(now));
        }
        return nanos;
    }

    /** With the lock: gives each stock its size, those used last first, and takes away what is too much. */
    private List<VmShell> surplus(long now) {
        List<ShellStock> latestFirst = new ArrayList<>(stocks.values());
        latestFirst.sort(Comparator.comparingLong(stock -> now - stock.lastUsed()));
        List<VmShell> surplus = new ArrayList<>();
        int room = Limits.MAX_POOLED_SHELLS;
        for (int i = 0; i < latestFirst.size(); i++) {
            ShellStock stock = latestFirst.get(i);
            if (i >= Limits.MAX_POOLED_PLANS) {
                stocks.remove(stock.plan());
            }
            room -= stock.resize(i < Limits.MAX_POOLED_PLANS ? room : 0, now, surplus);
        }
        return surplus;
    }

    private void make(ShellPlan plan) {
        VmShell shell;
        try {
            shell = VmShell.create(KvmHost.open(), plan);
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(System.Logger.Level.WARNING, "a shell of a machine could not be made beforehand", e);
            lock.lock();
            try {
                ShellStock stock = stocks.get(plan);
                if (stock != null) {
                    stock.refused();
                }
            } finally {
                lock.unlock();
            }
            return;
        }
        lock.lock();
        try {
            ShellStock stock = stocks.get(plan);
            if (!closed && stock != null) {
                stock.add(shell);
                return;
            }
        } finally {
            lock.unlock();
        }
        Closer.logged(shell);
    }

    /** Closes all that stand ready and ends the thread; takers make their own from then on. */
    @Override
    public void close() {
        List<VmShell> left = new ArrayList<>();
        lock.lock();
        try {
            closed = true;
            settled = true;
            stocks.values().forEach(stock -> stock.resize(0, System.nanoTime(), left));
            stocks.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        while (worker.isAlive()) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        left.forEach(Closer::logged);
    }
}
