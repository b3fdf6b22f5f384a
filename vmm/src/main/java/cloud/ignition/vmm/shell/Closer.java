package cloud.ignition.vmm.shell;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Closes virtual machines in the background: KVM takes up to 15 ms for one, which nobody on a wake's path shall pay. */
public final class Closer {
    private static final System.Logger LOG = System.getLogger(Closer.class.getName());
    private static final ExecutorService WORKER = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("vm-closer").daemon(true).factory());

    private Closer() {}

    /** Closes it soon. */
    public static void closeLater(AutoCloseable resource) {
        WORKER.execute(() -> logged(resource));
    }

    /** Closes it now. Nobody can do anything about what cannot be closed, but it must be known. */
    public static void logged(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.log(System.Logger.Level.WARNING, "a part of a machine could not be given back to the host", e);
        }
    }
}
