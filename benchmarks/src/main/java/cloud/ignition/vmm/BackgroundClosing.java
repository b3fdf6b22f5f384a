package cloud.ignition.vmm;

import cloud.ignition.vmm.shell.Closer;
import java.util.concurrent.CountDownLatch;

/** A door into the package, for benchmarks: machines are taken down in the background, which would disturb what comes next. */
public final class BackgroundClosing {
    private BackgroundClosing() {}

    /** Waits until all machines that were closed so far are gone. */
    public static void await() throws InterruptedException {
        CountDownLatch reached = new CountDownLatch(1);
        Closer.closeLater(reached::countDown);
        reached.await();
    }
}
