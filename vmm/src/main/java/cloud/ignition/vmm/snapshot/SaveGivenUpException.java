package cloud.ignition.vmm.snapshot;

import java.util.function.BooleanSupplier;

/** Whoever asked for a snapshot does not want it any more; what was written of it goes. */
final class SaveGivenUpException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private SaveGivenUpException() {
        super("the save was given up", null, false, false);
    }

    static void check(BooleanSupplier givenUp) {
        if (givenUp.getAsBoolean()) {
            throw new SaveGivenUpException();
        }
    }
}
