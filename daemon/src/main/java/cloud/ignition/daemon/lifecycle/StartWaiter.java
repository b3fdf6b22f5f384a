package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** Carries the steps of a start, and its end, from the supervisor's mailbox to the thread that waits for it. */
final class StartWaiter {
    private sealed interface Message {}

    private record Step(String text) implements Message {}

    private record End(@Nullable UserException failure) implements Message {}

    private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

    void step(String text) {
        messages.add(new Step(text));
    }

    void succeed() {
        messages.add(new End(null));
    }

    void fail(UserException failure) {
        messages.add(new End(failure));
    }

    /** Passes steps on until the start ended; throws its failure. */
    void await(Progress progress) {
        try {
            while (true) {
                switch (messages.take()) {
                    case Step step -> progress.step(step.text());
                    case End end -> {
                        if (end.failure() != null) {
                            throw end.failure();
                        }
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserException.failed("waiting for the app was interrupted; it starts in the background");
        }
    }
}
