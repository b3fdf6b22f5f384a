package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Kicks for tests. */
public final class Kicks {
    private static final long TIMEOUT_SECONDS = 20;

    private Kicks() {}

    /** Kicks until {@code done}: a kick that comes before the thread has entered its call is lost. */
    public static void until(ThreadKicker kicker, CompletableFuture<?> done) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!done.isDone()) {
            assertThat(System.nanoTime()).as("the kicks have no effect").isLessThan(end);
            kicker.kick();
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }
}
