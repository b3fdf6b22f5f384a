package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotSubject;

/**
 * Everything of a machine that goes into a snapshot, but for its memory.
 *
 * @param shape the machine's shape
 * @param host what of its host it depends on
 * @param state the file {@code state}, not to be changed
 * @param subject what it is, in its owner's words
 */
public record SavedMachine(MachineShape shape, HostFacts host, byte[] state, SnapshotSubject subject) {
    /** Of a state that was just taken on a host that offers {@code host}. */
    public static SavedMachine of(MachineShape shape, HostFacts host, MachineState state, SnapshotSubject subject) {
        return new SavedMachine(shape, host.usedBy(state), state.encode(), subject);
    }
}
