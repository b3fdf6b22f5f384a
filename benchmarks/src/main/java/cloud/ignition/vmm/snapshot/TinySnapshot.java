package cloud.ignition.vmm.snapshot;

import java.io.IOException;
import java.nio.file.Path;

/** A door into the package, for benchmarks: a snapshot of the tests' {@link TinyMachine}. */
public final class TinySnapshot {
    private TinySnapshot() {}

    /**
     * Boots the machine, lets it ring its doorbell for the first time and saves it there. Restored, it fills one page and
     * rings again.
     *
     * @param snapshot must not exist
     * @param scratch where the machine's {@code disk} will be
     */
    public static void write(Path snapshot, Path scratch) throws IOException {
        try (TinyMachine machine = TinyMachine.booted(scratch)) {
            machine.vm.save(snapshot, TinyMachine.SUBJECT);
        }
    }
}
