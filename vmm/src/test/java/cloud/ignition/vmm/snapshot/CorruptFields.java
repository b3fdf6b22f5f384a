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
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * For each component of each state record, values that its constructor must refuse in the record's sample. A component
 * that is a record itself is not listed: its own constructor refuses. One that takes every value of its type says why.
 */
final class CorruptFields {
    private static final Map<Class<?>, Map<String, List<Object>>> TABLE = Map.ofEntries(
            Map.entry(MachineState.class, Map.of("vcpus", List.of(List.of(), Collections.nCopies(9, Samples.vcpu())))),
            Map.entry(ChipState.class, Map.of("chips", corruptChips())),
            Map.entry(
                    VcpuState.class,
                    Map.of(
                            "cpuid", corruptCpuids(),
                            "registers", corruptRegisters(),
                            "msrs",
                                    List.of(
                                            manyMsrs(1025),
                                            List.of(new VcpuState.Msr(0x10, 1), new VcpuState.Msr(0x10, 2))),
                            "tscKhz", List.of(-1, 100_000_001, Integer.MIN_VALUE))),
            Map.entry(
                    VcpuState.Msr.class,
                    Map.of(
                            "index", any("the host's list and KVM say which there are"),
                            "value", any("KVM says which values a register takes"))),
            Map.entry(
                    SerialState.class,
                    Map.of(
                            "divisor", List.of(-1, 0x10000),
                            "interruptEnable", List.of(-1, 0x10),
                            "lineControl", List.of(-1, 0x100),
                            "modemControl", List.of(-1, 0x20),
                            "scratch", List.of(-1, 0x100),
                            "fifoEnabled", any("a truth value; the reader refuses a byte over 1"),
                            "transmitterEmptyPending", any("a truth value; the reader refuses a byte over 1"),
                            "received", List.of(-2, 0x100),
                            "partialLine", List.of("x".repeat(1025), "\n", "\u001b[2J", "\u00e4", "\u2028"))),
            Map.entry(
                    DoorbellState.class,
                    Map.of(
                            "pageFrame", List.of(-1L, 1L << 32, Long.MIN_VALUE),
                            "answering", any("a truth value; the reader refuses a byte over 1"))),
            Map.entry(
                    DeviceStates.class,
                    Map.of(
                            "transports", List.of(List.of(), withoutLast(), Collections.nCopies(17, firstTransport())),
                            "disks",
                                    List.of(
                                            List.of(),
                                            Collections.nCopies(2, new BlockState(1, true)),
                                            Collections.nCopies(5, new BlockState(1, true))),
                            "nets",
                                    List.of(
                                            List.of(),
                                            Collections.nCopies(2, new NetState(new MacAddress(0x02L << 40), false))),
                            "vsocks", List.of(List.of(), Collections.nCopies(2, VsockSamples.state())))),
            Map.entry(
                    MmioTransportState.class,
                    Map.of(
                            "deviceId", List.of(0, -1, 64, Integer.MIN_VALUE),
                            "status", List.of(2, 4, 5, 8, 9, 0xc, 0x10, 0x2f, 0x100, -1, 0, 1, 3),
                            "deviceFeaturesSelect", any("§4.2.2: the driver may write any selector"),
                            "driverFeaturesSelect", any("§4.2.2: the driver may write any selector"),
                            "driverFeatures", List.of(0L, Virtio.F_EVENT_IDX),
                            "queueSelect", any("§4.2.2: the driver may select a queue that is not there"),
                            "interruptStatus", List.of(4, 0x80, -1),
                            "configGeneration", any("it wraps around"),
                            "interruptWord", any("checked against the machine's RAM when the device is restored"),
                            "queues", List.of(Collections.nCopies(17, QueueState.RESET)))),
            Map.entry(
                    QueueState.class,
                    Map.of(
                            "size", List.of(0, -1, 3, 100, 1 << 16, Integer.MIN_VALUE),
                            "ready", List.of(false), // with positions that only a ready queue has
                            "descriptorAddress", List.of(1L, 8L, -1L),
                            "availAddress", List.of(1L, -1L),
                            "usedAddress", List.of(2L, -1L),
                            "nextAvail", List.of(-1, 0x10000),
                            "nextUsed", List.of(-1, 0x10000))),
            Map.entry(
                    BlockState.class,
                    Map.of(
                            "sectors", List.of(-1L, Long.MIN_VALUE, (Long.MAX_VALUE >> 9) + 1),
                            "readOnly", any("compared with the attached disk"))),
            Map.entry(NetState.class, Map.of("announcing", any("a truth value; the reader refuses a byte over 1"))),
            Map.entry(
                    BalloonState.class,
                    Map.of(
                            "targetPages", List.of(-1L, 1L << 32),
                            "announcedPages", List.of(-1L, 1L << 32),
                            "actualPages", List.of(-1L, 1L << 32))),
            Map.entry(
                    MacAddress.class,
                    Map.of("value", List.of(0L, -1L, 1L << 48, 0x01_00_5e_00_00_01L, 0xffff_ffff_ffffL))),
            Map.entry(RngState.class, Map.of("bytesServed", List.of(-1L, Long.MIN_VALUE))),
            Map.entry(ConsoleState.class, Map.of("pendingInput", List.of(new byte[(64 << 10) + 1]))),
            Map.entry(
                    SnapshotManifest.class,
                    Map.of(
                            "stateBytes", List.of(0L, -1L, (4L << 20) + 1),
                            "stateSha256", List.of("", "ab".repeat(31), "AB".repeat(32), "ab".repeat(33)),
                            "memoryCrc32c", List.of(-1L, 1L << 32),
                            "memoryDataBytes", List.of(-4096L, 1L, (256L << 20) + 4096))),
            Map.entry(
                    ChangeFacts.class,
                    Map.of(
                            "runs", List.of(-1, 0, (1 << 16) + 1),
                            "dataBytes", List.of(-4096L, 1L, (8L << 30) + 4096),
                            "indexCrc32c", List.of(-1L, 1L << 32),
                            "dataCrc32c", List.of(-1L, 1L << 32))),
            Map.entry(
                    MachineShape.class,
                    Map.of(
                            "vcpus", List.of(0, -1, 9),
                            "memoryBytes", List.of(0L, -1L, 63L << 20, (8L << 30) + (2L << 20), (64L << 20) + 4096))),
            Map.entry(
                    HostFacts.class,
                    Map.of(
                            "cpuid",
                                    List.of(List.of(), Samples.cpuid().entries().subList(0, 1), manyLeaves(257)),
                            "msrs", List.of(List.of(), List.of(2, 1), List.of(1, 1), List.of(-1, 1)),
                            "xsaveBytes", List.of(0, 4095, -1, (64 << 10) + 1),
                            "tscKhz", List.of(-1, 100_000_001),
                            "kernel", List.of("", "two words", "line\nend", "x".repeat(65)))),
            Map.entry(
                    SnapshotSubject.class,
                    Map.of(
                            "facts",
                            List.of(
                                    Map.of("UPPER", "x"),
                                    Map.of("", "x"),
                                    Map.of("key", "two\nlines"),
                                    Map.of("key", "x".repeat(1025)),
                                    manyFacts(33)))));

    private CorruptFields() {}

    /** The corruptions of a record by component. */
    static Map<String, List<Object>> of(Class<?> type) {
        Map<String, List<Object>> known =
                TABLE.getOrDefault(type, VsockSamples.corruptions().get(type));
        if (known == null) {
            throw new AssertionError("CorruptFields does not know " + type.getName()
                    + ": say which values of its components are wrong, and put one into Samples");
        }
        return known;
    }

    /** Every value of the type may stand there. */
    private static List<Object> any(String why) {
        if (why.isBlank()) {
            throw new AssertionError("a reason is needed");
        }
        return List.of();
    }

    private static List<Object> corruptChips() {
        List<Object> corrupt = new ArrayList<>();
        for (KvmVmState what : KvmVmState.values()) {
            corrupt.add(chips(map -> map.remove(what)));
            corrupt.add(chips(map -> map.put(what, new byte[what.size() - 1])));
            corrupt.add(chips(map -> map.put(what, new byte[what.size() + 1])));
            if (what.chipId() >= 0) {
                corrupt.add(chips(map -> bytes(map, what)[0] ^= 1));
                corrupt.add(chips(map -> bytes(map, what)[3] = (byte) 0x80));
            }
        }
        corrupt.add(chips(map -> bytes(map, KvmVmState.CLOCK)[8] = 4)); // KVM_CLOCK_REALTIME
        return corrupt;
    }

    private static Map<KvmVmState, byte[]> chips(Consumer<Map<KvmVmState, byte[]>> change) {
        Map<KvmVmState, byte[]> chips = new EnumMap<>(Samples.chips());
        change.accept(chips);
        return chips;
    }

    private static byte[] bytes(Map<KvmVmState, byte[]> chips, KvmVmState what) {
        return Objects.requireNonNull(chips.get(what));
    }

    private static List<Object> corruptRegisters() {
        List<Object> corrupt = new ArrayList<>();
        for (KvmVcpuState what : KvmVcpuState.values()) {
            corrupt.add(registers(map -> map.remove(what)));
            corrupt.add(registers(map -> map.put(what, new byte[what.minSize() - 1])));
            int tooLong = what == KvmVcpuState.XSAVE ? (64 << 10) + 1 : what.minSize() + 1;
            corrupt.add(registers(map -> map.put(what, new byte[tooLong])));
        }
        corrupt.add(registers(map -> map.put(KvmVcpuState.MP_STATE, new byte[] {5, 0, 0, 0})));
        corrupt.add(registers(map -> map.put(KvmVcpuState.MP_STATE, new byte[] {0, 0, 0, 1})));
        corrupt.add(registers(map -> map.put(KvmVcpuState.MP_STATE, new byte[] {-1, -1, -1, -1})));
        return corrupt;
    }

    private static Map<KvmVcpuState, byte[]> registers(Consumer<Map<KvmVcpuState, byte[]>> change) {
        Map<KvmVcpuState, byte[]> registers = new EnumMap<>(Samples.registers());
        change.accept(registers);
        return registers;
    }

    private static List<Object> corruptCpuids() {
        Cpuid.Entry leaf = Samples.cpuid().entries().getFirst();
        return List.of(
                new Cpuid(List.of()),
                new Cpuid(manyLeaves(257)),
                new Cpuid(List.of(leaf, leaf.withEax(1))),
                new Cpuid(List.of(new Cpuid.Entry(0, 0, 8, 0, 0, 0, 0))),
                new Cpuid(List.of(new Cpuid.Entry(0, 0, -1, 0, 0, 0, 0))));
    }

    private static List<Cpuid.Entry> manyLeaves(int count) {
        List<Cpuid.Entry> leaves = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            leaves.add(new Cpuid.Entry(i, 0, 0, 0, 0, 0, 0));
        }
        return leaves;
    }

    private static List<VcpuState.Msr> manyMsrs(int count) {
        List<VcpuState.Msr> msrs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            msrs.add(new VcpuState.Msr(i, 0));
        }
        return msrs;
    }

    private static Map<String, String> manyFacts(int count) {
        Map<String, String> facts = new HashMap<>();
        for (int i = 0; i < count; i++) {
            facts.put("fact-" + i, "x");
        }
        return facts;
    }

    private static List<MmioTransportState> withoutLast() {
        List<MmioTransportState> transports = Samples.machine().devices().transports();
        return transports.subList(0, transports.size() - 1);
    }

    private static MmioTransportState firstTransport() {
        return Samples.machine().devices().transports().getFirst();
    }
}
