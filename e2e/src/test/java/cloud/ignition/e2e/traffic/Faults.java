package cloud.ignition.e2e.traffic;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

/** The first thing that went wrong, on whichever thread; everybody who waits ends with it. */
final class Faults {
    private static final long LOOK_AGAIN_MILLIS = 20;

    private final AtomicReference<Throwable> first = new AtomicReference<>();

    void report(Throwable fault) {
        if (first.compareAndSet(null, fault)) {
            System.err.println("fault: " + fault);
        }
    }

    void report(String fault) {
        report(new AssertionError(fault));
    }

    boolean isFree() {
        return first.get() == null;
    }

    /** @throws AssertionError when something went wrong anywhere */
    void check() {
        Throwable fault = first.get();
        if (fault != null) {
            throw new AssertionError(fault.toString(), fault);
        }
    }

    /**
     * Waits for something that traffic brings about.
     *
     * @throws AssertionError when it has not happened within the limit, or something went wrong meanwhile
     */
    void await(String what, Duration limit, BooleanSupplier happened) {
        long end = System.nanoTime() + limit.toNanos();
        while (!happened.getAsBoolean()) {
            check();
            if (System.nanoTime() > end) {
                throw new AssertionError(what + ": not within " + limit);
            }
            sleep(LOOK_AGAIN_MILLIS);
        }
        check();
    }

    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
