package cloud.ignition.daemon.lifecycle;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.vmm.MachineListener;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.WakeTimeline;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/** Makes machines. */
interface MachineFactory {
    /**
     * Refuses what this host cannot give any machine, before work is done for one.
     *
     * @throws cloud.ignition.daemon.app.UserException one line
     */
    void require(AppSpec spec);

    /** A machine that boots, not yet running. */
    Machine boot(MachinePlan plan, MachineListener listener);

    /**
     * A machine that stands where it was saved.
     *
     * @throws cloud.ignition.vmm.SnapshotRefusedException when the snapshot is damaged or does not fit
     */
    Machine restore(Path snapshot, MachinePlan plan, MachineListener listener, WakeTimeline timeline);

    /** Digest of the kernel that {@link #boot} boots. */
    String kernelDigest();

    /** What a snapshot of this plan is a snapshot of. */
    SnapshotSubject subject(MachinePlan plan);

    /**
     * Checks, without restoring it, that a snapshot is one of this plan.
     *
     * @throws cloud.ignition.vmm.SnapshotRefusedException when it is damaged or of another image
     */
    void check(Path snapshot, MachinePlan plan);

    /** {@link cloud.ignition.vmm.Snapshot#compact}. */
    boolean compact(Path from, Path to, BooleanSupplier givenUp);
}
