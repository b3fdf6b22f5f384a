package cloud.ignition.daemon.lifecycle;

import cloud.ignition.vmm.Activity;
import cloud.ignition.vmm.Reclaimed;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A machine as a supervisor uses it; the real one is a {@link cloud.ignition.vmm.MicroVm}, whose methods these are. */
interface Machine extends AutoCloseable {
    void resume();

    void pause();

    /** As {@link #resume}, after a time that somebody waits to be over. */
    void goOn(WakeTimeline timeline);

    void requestQuiesce();

    /** Whether it can only be saved while it is held at a ring of its guest's doorbell. */
    boolean savesOnlyAtRest();

    Optional<Snapshot> save(Path directory, SnapshotSubject subject, BooleanSupplier givenUp);

    void sendConsole(byte[] bytes);

    Activity activity();

    /** The most guest memory that can be in the host's memory, bytes. */
    long residentBytes();

    /** Memory that the guest gave up. */
    Reclaimed reclaimed();

    @Override
    void close();
}
