package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.linux.kvm.KvmVcpuState;
import cloud.ignition.vmm.Snapshot;
import cloud.ignition.vmm.SnapshotRefusedException;
import cloud.ignition.vmm.x86.VcpuState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Snapshots of a real machine, whole and with contents that only somebody who can compute digests could make. */
@Timeout(120)
class MicroVmSnapshotTest {
    @TempDir
    Path directory;

    private Path snapshot;

    @BeforeEach
    void save() throws IOException {
        snapshot = directory.resolve("1");
        try (TinyMachine machine = TinyMachine.booted(directory)) {
            machine.vm.save(snapshot, TinyMachine.SUBJECT);
        }
    }

    @Test
    void goesOnWhereItWasSavedAndCanBeSavedAgain() throws IOException {
        assertThat(Snapshot.describe(snapshot).subject()).isEqualTo(TinyMachine.SUBJECT);
        Snapshot.verify(snapshot);
        Path second = directory.resolve("2");
        try (TinyMachine machine = TinyMachine.restored(snapshot, directory)) {
            machine.goOn();
            machine.vm.save(second, TinyMachine.SUBJECT);
        }
        Snapshot.verify(second);
        assertThat(pattern(snapshot, 0x4000)).isZero();
        assertThat(pattern(second, 0)).isEqualTo(TinyMachine.PATTERN);
        assertThat(pattern(second, 0x4000)).as("the base").isZero();
        assertThat(Snapshot.describe(second).memoryDataBytes())
                .isEqualTo(Snapshot.describe(snapshot).memoryDataBytes());
        assertThat(Snapshot.describe(second).changedBytes()).isBetween(4096L, 8 * 4096L);
        Path whole = directory.resolve("whole");
        assertThat(Snapshot.compact(second, whole, () -> false)).isTrue();
        Snapshot.verify(whole);
        assertThat(pattern(whole, 0x4000)).isEqualTo(TinyMachine.PATTERN);
        assertThat(Snapshot.describe(whole).changedBytes()).isZero();
    }

    @Test
    void theNextSnapshotSaysWhichPagesTheGuestRead() throws IOException {
        long memoryBytes = TinyMachine.SHAPE.memoryBytes();
        assertThat(WorkingSet.read(snapshot, memoryBytes)).isSameAs(WorkingSet.NONE);
        Path second = directory.resolve("2");
        try (TinyMachine machine = TinyMachine.restored(snapshot, directory)) {
            machine.goOn();
            Snapshot _ = machine.vm.save(second, TinyMachine.SUBJECT);
        }
        long pages = WorkingSet.read(second, memoryBytes).pages(); // its code, at least
        assertThat(pages).isBetween(1L, memoryBytes / 4096 / 2);
        Path third = directory.resolve("3");
        try (TinyMachine machine = TinyMachine.restored(second, directory)) {
            Snapshot _ = machine.vm.save(third, TinyMachine.SUBJECT); // has read nothing: what was known stays
        }
        assertThat(WorkingSet.read(third, memoryBytes).pages()).isGreaterThanOrEqualTo(pages);
        Snapshot.verify(third);
    }

    @Test
    void aMachineThatDidNotRunIsSavedAsItWas() throws IOException {
        Path copy = directory.resolve("copy");
        try (TinyMachine machine = TinyMachine.restored(snapshot, directory)) {
            machine.vm.save(copy, TinyMachine.SUBJECT);
        }
        MachineState before = state(snapshot);
        MachineState after = state(copy);
        assertThat(after.devices()).isEqualTo(before.devices());
        assertThat(after.serial()).isEqualTo(before.serial());
        assertThat(after.serial().partialLine()).isEqualTo(TinyMachine.PRINTED);
        VcpuState was = before.vcpus().getFirst();
        VcpuState is = after.vcpus().getFirst();
        assertThat(is.cpuid()).isEqualTo(was.cpuid());
        assertThat(is.tscKhz()).isEqualTo(was.tscKhz());
        for (KvmVcpuState what : KvmVcpuState.values()) {
            if (what != KvmVcpuState.LAPIC) { // its timer counts
                assertThat(is.registers().get(what))
                        .as(what.name())
                        .isEqualTo(was.registers().get(what));
            }
        }
        assertThat(is.msrs()).hasSameSizeAs(was.msrs());
        assertThat(SnapshotManifest.read(copy).host())
                .isEqualTo(SnapshotManifest.read(snapshot).host());
    }

    @Test
    void everyMsrOfKvmThatCanBeReadIsSaved() throws IOException {
        List<Integer> saved = state(snapshot).vcpus().getFirst().msrs().stream()
                .map(VcpuState.Msr::index)
                .toList();
        assertThat(saved).contains(0x10, 0x2ff).doesNotHaveDuplicates();
        int kvmFeatures = state(snapshot)
                .vcpus()
                .getFirst()
                .cpuid()
                .find(0x40000001, 0)
                .map(Cpuid.Entry::eax)
                .orElse(0);
        if ((kvmFeatures & 1 << 3) != 0) { // KVM_FEATURE_CLOCKSOURCE2
            assertThat(saved).contains(0x4b564d00, 0x4b564d01);
        }
        if ((kvmFeatures & 1 << 4) != 0) { // KVM_FEATURE_ASYNC_PF
            assertThat(saved).contains(0x4b564d02);
        }
        if ((kvmFeatures & 1 << 14) != 0) { // KVM_FEATURE_ASYNC_PF_INT
            assertThat(saved).contains(0x4b564d06, 0x4b564d07);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = KvmVcpuState.class,
            names = {"SREGS", "XCRS", "XSAVE", "DEBUGREGS", "VCPU_EVENTS"})
    void registersThatNoCpuHasAreRefused(KvmVcpuState what) throws IOException {
        manipulate(state -> withVcpu(state, vcpu -> {
            Map<KvmVcpuState, byte[]> registers = new EnumMap<>(vcpu.registers());
            byte[] wrong = Objects.requireNonNull(registers.get(what)).clone();
            Arrays.fill(wrong, (byte) 0xff);
            registers.put(what, wrong);
            return new VcpuState(vcpu.cpuid(), registers, vcpu.msrs(), vcpu.tscKhz());
        }));
        refused(what.name());
    }

    @Test
    void msrsThatKvmDoesNotTakeAreRefused() throws IOException {
        manipulate(state -> withVcpu(
                state,
                vcpu -> new VcpuState(
                        vcpu.cpuid(),
                        vcpu.registers(),
                        vcpu.msrs().stream()
                                .map(msr -> new VcpuState.Msr(msr.index(), ~msr.value()))
                                .toList(),
                        vcpu.tscKhz())));
        refused("it does not fit this machine: this host's KVM refuses MSR 0x");
    }

    @Test
    void anotherCpuIsRefusedWithTheDifference() throws IOException {
        manipulate(state -> withVcpu(state, vcpu -> {
            Cpuid cpuid = vcpu.cpuid().copy();
            cpuid.replaceAll(e -> e.function() == 7 && e.index() == 0 ? e.withEbx(-1) : e);
            return new VcpuState(cpuid, vcpu.registers(), vcpu.msrs(), vcpu.tscKhz());
        }));
        refused("it was saved on ", "this host lacks ");
    }

    @Test
    void anMsrThatThisHostHasNotIsRefusedBeforeAnythingIsMade() throws IOException {
        manipulate(state -> withVcpu(state, vcpu -> {
            List<VcpuState.Msr> msrs = new ArrayList<>(vcpu.msrs());
            msrs.add(new VcpuState.Msr(0x3fff_ffff, 1));
            return new VcpuState(vcpu.cpuid(), vcpu.registers(), msrs, vcpu.tscKhz());
        }));
        refused("lacks MSR 0x3fffffff");
    }

    @Test
    void aMachineWithOtherDevicesIsRefused() throws IOException {
        manipulate(state -> new MachineState(
                state.chips(),
                state.vcpus(),
                state.serial(),
                new cloud.ignition.vmm.doorbell.DoorbellState(0xffff_ffffL, true),
                state.devices()));
        refused("does not fit this machine");
    }

    private static MachineState withVcpu(MachineState state, UnaryOperator<VcpuState> change) {
        return new MachineState(
                state.chips(),
                List.of(change.apply(state.vcpus().getFirst())),
                state.serial(),
                state.doorbell(),
                state.devices());
    }

    private void refused(String... parts) {
        assertThatThrownBy(() -> TinyMachine.restored(snapshot, directory))
                .isInstanceOf(SnapshotRefusedException.class)
                .hasMessageContaining(snapshot.toString())
                .hasMessageContainingAll(parts)
                .message()
                .doesNotContain("\n");
    }

    private void manipulate(UnaryOperator<MachineState> change) throws IOException {
        SnapshotManifest manifest = SnapshotManifest.read(snapshot);
        MachineState changed = change.apply(SnapshotReader.readState(snapshot, manifest));
        byte[] bytes = changed.encode();
        Files.write(snapshot.resolve(SnapshotWriter.STATE_FILE), bytes);
        SnapshotManifest signed = new SnapshotManifest(
                manifest.shape(),
                manifest.host().usedBy(changed),
                bytes.length,
                Digests.sha256(bytes),
                manifest.memoryCrc32c(),
                manifest.memoryDataBytes(),
                manifest.changes(),
                manifest.subject());
        Files.write(snapshot.resolve(SnapshotManifest.FILE), signed.encode());
    }

    private static MachineState state(Path snapshot) {
        return SnapshotReader.readState(snapshot, SnapshotManifest.read(snapshot));
    }

    private static int pattern(Path snapshot, long offset) throws IOException {
        ByteBuffer word = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        try (var file = java.nio.channels.FileChannel.open(snapshot.resolve(SnapshotWriter.MEMORY_FILE))) {
            file.read(word, TinyMachine.FIRST_PAGES + offset);
        }
        return word.getInt(0);
    }
}
