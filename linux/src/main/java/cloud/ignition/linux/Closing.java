package cloud.ignition.linux;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Closes several things, so that one which fails does not keep the others open. */
public final class Closing {
    private @Nullable RuntimeException failure;

    /** Nothing closed yet. */
    public Closing() {}

    /** Does the next step, whatever became of those before. */
    public Closing then(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            if (failure == null) {
                failure = e;
            } else {
                failure.addSuppressed(e);
            }
        }
        return this;
    }

    /** Does a step with each of the things. */
    public <T> Closing thenEach(Iterable<T> things, Consumer<? super T> step) {
        things.forEach(thing -> then(() -> step.accept(thing)));
        return this;
    }

    /** Throws the first failure, the later ones suppressed in it; does nothing when all went well. */
    public void orThrow() {
        if (failure != null) {
            throw failure;
        }
    }

    /** For the way out of a failure: puts what failed here behind it and returns it, to be thrown. */
    public <E extends Throwable> E because(E cause) {
        if (failure != null) {
            cause.addSuppressed(failure);
        }
        return cause;
    }
}
