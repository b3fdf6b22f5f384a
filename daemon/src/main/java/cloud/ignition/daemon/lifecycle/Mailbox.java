package cloud.ignition.daemon.lifecycle;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Runs tasks one after the other on threads of a shared pool: what only they touch has one owner. */
final class Mailbox implements Executor {
    private final Executor pool;
    private final Consumer<RuntimeException> onBug;
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    /** @param onBug told, on the mailbox, of an exception or error that a task let out */
    Mailbox(Executor pool, Consumer<RuntimeException> onBug) {
        this.pool = pool;
        this.onBug = onBug;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (tasks) {
            tasks.add(task);
            if (running) {
                return;
            }
            running = true;
        }
        pool.execute(this::drain);
    }

    private void drain() {
        while (true) {
            Runnable task;
            synchronized (tasks) {
                task = tasks.poll();
                if (task == null) {
                    running = false;
                    return;
                }
            }
            try {
                task.run();
            } catch (RuntimeException e) {
                onBug.accept(e);
            } catch (Error e) {
                // No later task may be lost by it: an app that failed can be removed, one without a mailbox cannot.
                onBug.accept(new IllegalStateException("a task ended by " + e, e));
            }
        }
    }
}
