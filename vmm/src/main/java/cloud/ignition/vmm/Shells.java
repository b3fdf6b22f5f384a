package cloud.ignition.vmm;

import cloud.ignition.vmm.shell.KvmHost;
import cloud.ignition.vmm.shell.ShellPlan;
import cloud.ignition.vmm.shell.ShellPool;
import cloud.ignition.vmm.shell.VmShell;
import cloud.ignition.vmm.snapshot.KnownSnapshots;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Shells of machines made beforehand: all that KVM and the JVM need some milliseconds for, ready before it is known which machine
 * it will be for. Thread-safe.
 */
public final class Shells implements AutoCloseable {
    /** Has none: each machine's shell is made when the machine is. */
    public static final Shells NONE = new Shells(null);

    private final @Nullable ShellPool pool;

    private Shells(@Nullable ShellPool pool) {
        this.pool = pool;
    }

    /** An empty pool. It fills itself in the background after the machines that take from it, see {@link Limits}. */
    public static Shells pooled() {
        return new Shells(new ShellPool());
    }

    /**
     * Prepares for the restore of a snapshot that may come soon: reads it but for its memory, and has a shell made in the background.
     *
     * @throws SnapshotRefusedException when it is damaged or does not fit this host
     * @throws cloud.ignition.linux.LinuxException when the host has no usable KVM
     */
    public void expect(Path snapshot, Attachments attachments) {
        if (pool != null) {
            MachineShape shape = KnownSnapshots.read(snapshot, KvmHost.open().facts())
                    .manifest()
                    .shape();
            pool.expect(Devices.plan(shape, attachments));
        }
    }

    /** Shells that stand ready. */
    public int ready() {
        return pool == null ? 0 : pool.ready();
    }

    /** Waits until the background has nothing to do: for tests and benchmarks. */
    public void awaitSettled() throws InterruptedException {
        if (pool != null) {
            pool.awaitSettled();
        }
    }

    /**
     * A shell that is the caller's from now on.
     *
     * @throws cloud.ignition.linux.LinuxException when none is ready and the host refuses to make one
     */
    VmShell take(KvmHost host, ShellPlan plan) {
        return pool == null ? VmShell.create(host, plan) : pool.take(host, plan);
    }

    /** Closes the shells that nobody took, and makes no more; machines can still be made, each with its own. */
    @Override
    public void close() {
        if (pool != null) {
            pool.close();
        }
    }
}
