package cloud.ignition.vmm.snapshot;

import cloud.ignition.vmm.codec.CorruptStateException;
import cloud.ignition.vmm.codec.StateReader;
import cloud.ignition.vmm.codec.StateWriter;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.balloon.BalloonState;
import cloud.ignition.vmm.virtio.block.BlockState;
import cloud.ignition.vmm.virtio.console.ConsoleState;
import cloud.ignition.vmm.virtio.net.NetState;
import cloud.ignition.vmm.virtio.rng.RngState;
import java.util.List;

/**
 * The virtio devices of a machine.
 *
 * @param transports one per device, in the order of their MMIO windows: disks, network, rng, console, balloon
 * @param disks one per disk
 * @param nets none or one
 * @param rng the entropy device
 * @param console the console
 * @param balloon the memory balloon
 */
public record DeviceStates(
        List<MmioTransportState> transports,
        List<BlockState> disks,
        List<NetState> nets,
        RngState rng,
        ConsoleState console,
        BalloonState balloon) {
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
        CorruptStateException.require(
                nets.size() <= 1 && transports.size() == disks.size() + nets.size() + ALWAYS,
                transports.size() + " transports for " + disks.size() + " disks and " + nets.size()
                        + " network devices");
    }

    /** Appends the states. */
    void write(StateWriter out) {
        out.list(transports, MmioTransportState::write);
        out.list(disks, BlockState::write);
        out.list(nets, NetState::write);
        rng.write(out);
        console.write(out);
        balloon.write(out);
    }

    /** Reads what {@link #write} wrote. */
    static DeviceStates read(StateReader in) {
        return new DeviceStates(
                in.list(MAX_DEVICES, MmioTransportState::read),
                in.list(MAX_DEVICES, BlockState::read),
                in.list(1, NetState::read),
                RngState.read(in),
                ConsoleState.read(in),
                BalloonState.read(in));
    }
}
