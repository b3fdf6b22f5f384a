package cloud.ignition.vmm.snapshot;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.linux.kvm.KvmVmState;
import cloud.ignition.vmm.MachineShape;
import cloud.ignition.vmm.SnapshotSubject;
import cloud.ignition.vmm.doorbell.DoorbellState;
import cloud.ignition.vmm.legacy.SerialState;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.virtio.Virtio;
import cloud.ignition.vmm.virtio.balloon.BalloonState;
import cloud.ignition.vmm.virtio.block.BlockState;
import cloud.ignition.vmm.virtio.console.ConsoleState;
import cloud.ignition.vmm.virtio.net.MacAddress;
import cloud.ignition.vmm.virtio.net.NetState;
import cloud.ignition.vmm.virtio.queue.QueueState;
import cloud.ignition.vmm.virtio.rng.RngState;
import cloud.ignition.vmm.virtio.vsock.VsockSamples;
import cloud.ignition.vmm.x86.ChipState;
import cloud.ignition.vmm.x86.VcpuState;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One valid value of every state record, all of them part of one machine. */
final class Samples {
    private Samples() {}

    static MachineState machine() {
        return machine(2);
    }

    static MachineState machine(int vcpus) {
        return new MachineState(
                new ChipState(chips()),
                Collections.nCopies(vcpus, vcpu()),
                new SerialState(12, 1, 3, 8, 0x5a, true, true, 0x41, "half a line"),
                new DoorbellState(0x1234, true),
                new DeviceStates(
                        List.of(
                                transport(Virtio.ID_BLOCK),
                                transport(Virtio.ID_NET),
                                transport(Virtio.ID_RNG),
                                transport(Virtio.ID_CONSOLE),
                                transport(Virtio.ID_BALLOON),
                                transport(Virtio.ID_VSOCK)),
                        List.of(new BlockState(2048, true)),
                        List.of(new NetState(new MacAddress(0x02_11_22_33_44_55L), true)),
                        new RngState(4096),
                        new ConsoleState(new byte[] {1, 2, 3}),
                        new BalloonState(1024, 512, 256),
                        List.of(VsockSamples.state())));
    }

    /** A host on which {@link #machine} can be restored. */
    static HostFacts host() {
        return new HostFacts(cpuid().entries(), List.of(0x10, 0x174, 0xc0000080), 4096, 0, "6.12.1-test");
    }

    static SnapshotManifest manifest() {
        return new SnapshotManifest(
                new MachineShape(2, 256L << 20),
                new HostFacts(cpuid().entries(), List.of(0x10, 0x174, 0xc0000080), 4096, 3_000_000, "6.12.1-test"),
                1234,
                "ab".repeat(32),
                0xfeed_beefL,
                7 * 4096,
                new ChangeFacts(3, 5 * 4096, 0x1234_5678L, 0x9abc_def0L),
                new SnapshotSubject(Map.of("image", "sha256:1", "kernel", "with = sign")));
    }

    static Map<KvmVmState, byte[]> chips() {
        Map<KvmVmState, byte[]> chips = new EnumMap<>(KvmVmState.class);
        for (KvmVmState what : KvmVmState.values()) {
            byte[] bytes = new byte[what.size()];
            bytes[0] = (byte) Math.max(0, what.chipId());
            bytes[bytes.length - 1] = (byte) what.name().length();
            chips.put(what, bytes);
        }
        return chips;
    }

    static Cpuid cpuid() {
        return new Cpuid(List.of(
                new Cpuid.Entry(0, 0, 0, 0x10, 0x68747541, 0x444d4163, 0x69746e65),
                new Cpuid.Entry(1, 0, 0, 0x00a20f10, 0x00020800, 0x80202001, 0x178bfbff),
                new Cpuid.Entry(7, 0, 1, 0, 1 << 16, 0, 0)));
    }

    static Map<KvmVcpuState, byte[]> registers() {
        Map<KvmVcpuState, byte[]> registers = new EnumMap<>(KvmVcpuState.class);
        for (KvmVcpuState what : KvmVcpuState.values()) {
            byte[] bytes = new byte[what.minSize()];
            if (what != KvmVcpuState.MP_STATE) {
                bytes[bytes.length / 2] = (byte) what.name().length();
            }
            registers.put(what, bytes);
        }
        return registers;
    }

    static VcpuState vcpu() {
        return new VcpuState(
                cpuid(),
                registers(),
                List.of(new VcpuState.Msr(0x10, 99), new VcpuState.Msr(0xc0000080, -1)),
                3_000_000);
    }

    private static MmioTransportState transport(int deviceId) {
        return new MmioTransportState(
                deviceId,
                Virtio.ACKNOWLEDGE | Virtio.DRIVER | Virtio.FEATURES_OK | Virtio.DRIVER_OK,
                1,
                1,
                Virtio.F_VERSION_1 | Virtio.F_EVENT_IDX,
                0,
                Virtio.INTERRUPT_USED_BUFFER,
                3,
                0x1234_5678L,
                List.of(new QueueState(256, true, 0x10000, 0x11002, 0x12004, 0xfffe, 0x3), QueueState.RESET));
    }
}
