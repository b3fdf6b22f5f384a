package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.network.AppNetwork;
import cloud.ignition.daemon.state.StateDirectory;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * What all supervisors share.
 *
 * @param state durable state
 * @param network the host's network
 * @param machines makes machines
 * @param pool threads for the mailboxes
 * @param background one thread for work that nobody waits for
 * @param timer one thread for deadlines; its tasks only hand over to mailboxes
 * @param standbys the machines that stand by
 * @param limits time limits
 */
record Services(
        StateDirectory state,
        AppNetwork network,
        MachineFactory machines,
        Executor pool,
        Executor background,
        ScheduledExecutorService timer,
        Standbys standbys,
        Timeouts limits) {

    /**
     * Time limits, shorter in tests.
     *
     * @param trigger until a boot without its trigger counts as running
     * @param quiesce until a guest that does not answer is paused by force
     * @param wakeRetry until a wake that the host refused is tried again
     * @param saveRetry until a save that failed is tried again; longer after more than one
     */
    record Timeouts(Duration trigger, Duration quiesce, Duration wakeRetry, Duration saveRetry) {
        static final Timeouts DEFAULT =
                new Timeouts(Limits.TRIGGER_TIMEOUT, Limits.QUIESCE_TIMEOUT, Limits.WAKE_RETRY, Limits.SAVE_RETRY);
    }

    /** Runs a short task later, come what may. */
    void later(Duration delay, Runnable task) {
        Future<?> _ = after(delay, task);
    }

    /** Runs a short task later unless the future is cancelled. */
    Future<?> after(Duration delay, Runnable task) {
        return timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }
}
