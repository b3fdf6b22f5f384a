package cloud.ignition.benchmarks;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.linux.kvm.KvmVmState;
import cloud.ignition.vmm.memory.RamLayout;
import cloud.ignition.vmm.snapshot.MachineState;
import cloud.ignition.vmm.snapshot.SnapshotManifest;
import cloud.ignition.vmm.snapshot.SnapshotReader;
import cloud.ignition.vmm.virtio.MmioTransport;
import cloud.ignition.vmm.virtio.MmioTransportState;
import cloud.ignition.vmm.x86.VcpuState;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A snapshot as the list of KVM calls that its restore makes, in their order: what floor/restore.c reads. The order is that
 * of VmShell, Devices and VcpuState; {@code strace -e ioctl} shows both sides.
 */
final class FloorScript {
    private static final int STAGE = 1;
    private static final int CREATE_VM = 2;
    private static final int MEMORY = 3;
    private static final int CREATE_CHIPS = 4;
    private static final int CREATE_VCPU = 5;
    private static final int IOEVENTFD = 6;
    private static final int VM_IOCTL = 7;
    private static final int VCPU_IOCTL = 8;
    private static final int MSRS = 9;
    private static final int GET_TSC_KHZ = 10;
    private static final int KVMCLOCK_CTRL = 11;

    private static final int HEADER_BYTES = 16;
    private static final int CPUID_BYTES = 8;
    private static final int CPUID_ENTRY_BYTES = 40;
    private static final int MSR_ENTRY_BYTES = 16;

    private static final long TSS_ADDRESS = 0xfffb_d000L;
    private static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
    private static final int PIT_SPEAKER_DUMMY = 1;
    private static final int MSR_IA32_TSC = 0x10;
    private static final int MSR_IA32_TSC_DEADLINE = 0x6e0;
    private static final long TSC_FAR_AWAY = 1L << 62;
    private static final int REQUEST_IRQCHIP = 0;
    private static final int REQUEST_PIT = 1;
    private static final int REQUEST_CLOCK = 2;

    /** In the order of VCPU_REQUESTS in restore.c, which is the order of the calls. */
    private static final List<KvmVcpuState> BEFORE_MSRS = List.of(
            KvmVcpuState.SREGS,
            KvmVcpuState.REGS,
            KvmVcpuState.XCRS,
            KvmVcpuState.XSAVE,
            KvmVcpuState.DEBUGREGS,
            KvmVcpuState.LAPIC);

    private static final List<KvmVcpuState> BEHIND_MSRS = List.of(KvmVcpuState.VCPU_EVENTS, KvmVcpuState.MP_STATE);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private FloorScript() {}

    /** The script's bytes. */
    static byte[] of(Path snapshot) {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        MachineState state = SnapshotReader.readState(snapshot, manifest);
        FloorScript script = new FloorScript();
        script.out.writeBytes("IGNFLOOR".getBytes(StandardCharsets.US_ASCII));
        script.shell(manifest, state);
        script.lines(state);
        script.state(state);
        return script.out.toByteArray();
    }

    private void shell(SnapshotManifest manifest, MachineState state) {
        step(CREATE_VM, 0, longs(TSS_ADDRESS, IDENTITY_MAP_ADDRESS));
        int slot = 0;
        for (RamLayout.RamRange range :
                RamLayout.of(manifest.shape().memoryBytes()).ranges()) {
            step(MEMORY, slot++, longs(range.gpa(), range.offset(), range.length()));
        }
        stageEnds(Floor.Stage.SLOT);
        step(CREATE_CHIPS, PIT_SPEAKER_DUMMY, new byte[0]);
        stageEnds(Floor.Stage.CHIPS);
        if (state.vcpus().size() != 1) {
            throw new IllegalArgumentException("the floor restores machines with one vCPU");
        }
        step(CREATE_VCPU, 0, cpuid(state.vcpus().getFirst().cpuid()));
        stageEnds(Floor.Stage.VCPU);
    }

    private void lines(MachineState state) {
        List<MmioTransportState> transports = state.devices().transports();
        for (int index = 0; index < transports.size(); index++) {
            long window = RamLayout.HOLE_START + (long) index * MmioTransport.WINDOW_BYTES;
            for (int queue = 0; queue < transports.get(index).queues().size(); queue++) {
                step(IOEVENTFD, queue, longs(window + MmioTransport.QUEUE_NOTIFY_OFFSET, 4));
            }
        }
        stageEnds(Floor.Stage.LINES);
    }

    private void state(MachineState state) {
        state.chips().chips().forEach((what, bytes) -> {
            if (what != KvmVmState.CLOCK) {
                step(VM_IOCTL, what == KvmVmState.PIT2 ? REQUEST_PIT : REQUEST_IRQCHIP, bytes);
            }
        });
        VcpuState vcpu = state.vcpus().getFirst();
        step(MSRS, 0, farAwayTsc(vcpu));
        step(GET_TSC_KHZ, 0, new byte[0]);
        int request = 0;
        for (KvmVcpuState what : BEFORE_MSRS) {
            step(VCPU_IOCTL, request++, Objects.requireNonNull(vcpu.registers().get(what)));
        }
        step(MSRS, 0, msrs(vcpu));
        for (KvmVcpuState what : BEHIND_MSRS) {
            step(VCPU_IOCTL, request++, Objects.requireNonNull(vcpu.registers().get(what)));
        }
        step(
                VM_IOCTL,
                REQUEST_CLOCK,
                Objects.requireNonNull(state.chips().chips().get(KvmVmState.CLOCK)));
        step(KVMCLOCK_CTRL, 0, new byte[0]);
        stageEnds(Floor.Stage.STATE);
    }

    private void stageEnds(Floor.Stage stage) {
        step(STAGE, stage.number(), new byte[0]);
    }

    private void step(int operation, int argument, byte[] payload) {
        int padded = (payload.length + 7) & -8;
        byte[] step = new byte[HEADER_BYTES + padded];
        littleEndian(step)
                .putInt(operation)
                .putInt(argument)
                .putInt(payload.length)
                .putInt(0)
                .put(payload);
        out.writeBytes(step);
    }

    private static byte[] longs(long... values) {
        byte[] payload = new byte[values.length * Long.BYTES];
        ByteBuffer bytes = littleEndian(payload);
        for (long value : values) {
            bytes.putLong(value);
        }
        return payload;
    }

    /** {@code struct kvm_cpuid2}. */
    private static byte[] cpuid(Cpuid table) {
        byte[] payload =
                new byte[CPUID_BYTES + CPUID_ENTRY_BYTES * table.entries().size()];
        ByteBuffer bytes = littleEndian(payload);
        bytes.putInt(table.entries().size()).putInt(0);
        for (Cpuid.Entry entry : table.entries()) {
            bytes.putInt(entry.function()).putInt(entry.index()).putInt(entry.flags());
            bytes.putInt(entry.eax()).putInt(entry.ebx()).putInt(entry.ecx()).putInt(entry.edx());
            bytes.putInt(0).putInt(0).putInt(0);
        }
        return payload;
    }

    /** {@code struct kvm_msr_entry}, TSC_DEADLINE last. */
    private static byte[] msrs(VcpuState vcpu) {
        byte[] payload = new byte[MSR_ENTRY_BYTES * vcpu.msrs().size()];
        ByteBuffer bytes = littleEndian(payload);
        for (boolean deadline : new boolean[] {false, true}) {
            for (VcpuState.Msr msr : vcpu.msrs()) {
                if ((msr.index() == MSR_IA32_TSC_DEADLINE) == deadline) {
                    bytes.putInt(msr.index()).putInt(0).putLong(msr.value());
                }
            }
        }
        return payload;
    }

    /** As {@link VcpuState#unmatchTsc}. */
    private static byte[] farAwayTsc(VcpuState vcpu) {
        byte[] payload = new byte[MSR_ENTRY_BYTES];
        for (VcpuState.Msr msr : vcpu.msrs()) {
            if (msr.index() == MSR_IA32_TSC) {
                littleEndian(payload).putInt(MSR_IA32_TSC).putInt(0).putLong(msr.value() ^ TSC_FAR_AWAY);
            }
        }
        return payload;
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
