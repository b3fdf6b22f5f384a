package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.balloon.BalloonState;
import cloud.ignition.vmm.virtio.block.BlockState;
import cloud.ignition.vmm.virtio.console.ConsoleState;
import cloud.ignition.vmm.virtio.net.NetState;
import cloud.ignition.vmm.virtio.rng.RngState;
import cloud.ignition.vmm.virtio.vsock.VsockState;
import java.util.List;

/**
 * The virtio devices of a machine.
 *
 * @param transports one per device, in the order of their MMIO windows: disks, network, rng, console, balloon, vsock
 * @param disks one per disk
 * @param nets none or one
 * @param rng the entropy device
 * @param console the console
 * @param balloon the memory balloon
 * @param vsocks none or one
 */
public record DeviceStates(
        List<MmioTransportState> transports,
        List<BlockState> disks,
        List<NetState> nets,
        RngState rng,
        ConsoleState console,
        BalloonState balloon,
        List<VsockState> vsocks) {
    private static final int MAX_DEVICES = 16;

    /** Devices that every machine has: rng, console, balloon. */
    private static final int ALWAYS = 3;

    /**
     * @throws CorruptStateException when the numbers do not go together
     */
    public DeviceStates {
        transports = List.copyOf(transports);
        disks = List.copyOf(disks);
        nets = List.copyOf(nets);
        vsocks = List.copyOf(vsocks);
        CorruptStateException.require(disks.size() <= Limits.MAX_DISKS, disks.size() + " disks");
        CorruptStateException.require(
                nets.size() <= 1
                        && vsocks.size() <= 1
                        && transports.size() == disks.size() + nets.size() + ALWAYS + vsocks.size(),
                transports.size() + " transports for " + disks.size() + " disks, " + nets.size()
                        + " network devices and " + vsocks.size() + " socket devices");
    }

    /** Appends the states. */
    void write(StateWriter out) {
        out.list(transports, MmioTransportState::write);
        out.list(disks, BlockState::write);
        out.list(nets, NetState::write);
        rng.write(out);
        console.write(out);
        balloon.write(out);
        out.list(vsocks, VsockState::write);
    }

    /** Reads what {@link #write} wrote. */
    static DeviceStates read(StateReader in) {
        return new DeviceStates(
                in.list(MAX_DEVICES, MmioTransportState::read),
                in.list(Limits.MAX_DISKS, BlockState::read),
                in.list(1, NetState::read),
                RngState.read(in),
                ConsoleState.read(in),
                BalloonState.read(in),
                in.list(1, VsockState::read));
    }
}
