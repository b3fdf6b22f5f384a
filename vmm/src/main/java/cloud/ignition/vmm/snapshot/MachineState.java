package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.doorbell.DoorbellState;
import cloud.ignition.vmm.legacy.SerialState;
import cloud.ignition.vmm.x86.ChipState;
import cloud.ignition.vmm.x86.VcpuState;
import java.util.List;

/**
 * Everything a machine is, but its memory: the file {@code state} of a snapshot.
 *
 * @param chips interrupt controllers, PIT, clock
 * @param vcpus one state per vCPU, in their order
 * @param serial the kernel's console
 * @param doorbell the paravirtual device
 * @param devices the virtio devices
 */
public record MachineState(
        ChipState chips, List<VcpuState> vcpus, SerialState serial, DoorbellState doorbell, DeviceStates devices) {
    /**
     * @throws CorruptStateException when there are no vCPUs or too many of them, or several that do not stand at the doorbell
     */
    public MachineState {
        vcpus = List.copyOf(vcpus);
        CorruptStateException.require(
                !vcpus.isEmpty() && vcpus.size() <= Limits.MAX_VCPUS, "a machine with " + vcpus.size() + " vCPUs");
        CorruptStateException.require(
                vcpus.size() == 1 || doorbell.answering(), vcpus.size() + " vCPUs that do not stand at the doorbell");
    }

    /** The file's bytes. */
    byte[] encode() {
        StateWriter out = new StateWriter();
        chips.write(out);
        out.list(vcpus, VcpuState::write);
        serial.write(out);
        doorbell.write(out);
        devices.write(out);
        return out.toByteArray();
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws CorruptStateException when the bytes are not such a state
     */
    static MachineState decode(byte[] bytes) {
        StateReader in = new StateReader(bytes);
        MachineState state = new MachineState(
                ChipState.read(in),
                in.list(Limits.MAX_VCPUS, VcpuState::read),
                SerialState.read(in),
                DoorbellState.read(in),
                DeviceStates.read(in));
        in.end();
        return state;
    }
}
