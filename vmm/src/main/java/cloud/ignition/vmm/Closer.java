package cloud.ignition.vmm;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Closes virtual machines in the background: KVM takes up to 15 ms for one, which nobody on a wake's path shall pay. */
final class Closer {
    private static final ExecutorService WORKER = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("vm-closer").daemon(true).factory());

    private Closer() {}

    /** Closes it soon; what it throws goes to the thread's uncaught exception handler. */
    static void closeLater(AutoCloseable resource) {
        WORKER.execute(() -> {
            try {
                resource.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing " + resource + " failed", e);
            }
        });
    }
}
