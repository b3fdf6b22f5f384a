package cloud.ignition.vmm.virtio.block;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that wait for a machine's disks, so that its event loop never does. They are a machine's own: with a pool of
 * all machines one machine on a slow disk would hold up the others. There is none until the first request, and none is
 * left a while after the last.
 */
public final class DiskThreads {
    /** Requests of a machine that wait for a disk at the same time; more wait for one of these. */
    static final int THREADS = 4;

    private static final int IDLE_SECONDS = 5;

    private DiskThreads() {}

    /** A pool; closed after the devices that use it. */
    public static ExecutorService create() {
        ThreadFactory factory =
                Thread.ofPlatform().name("machine-disk-", 0).daemon(true).factory();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
