package cloud.ignition.linux.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.Mmap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvmVmTest {
    private static final String HLT = "f4";

    private final TinyGuest guest = TinyGuest.withIrqchip(HLT);
    private final KvmVm vm = guest.vm;
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
        guest.close();
    }

    @ParameterizedTest
    @EnumSource(
            value = KvmVmState.class,
            names = {"CLOCK", "PIT2"},
            mode = EnumSource.Mode.EXCLUDE)
    void irqchipsComeBackAsTheyWereSet(KvmVmState chip) {
        MemorySegment state = arena.allocate(chip.size(), 8).fill((byte) 0x77);
        vm.get(chip, state);
        assertThat(state.get(JAVA_INT, 0)).isEqualTo(chip.chipId);
        // The mask register of an 8259A, or of the I/O APIC's pin 5 the low half with vector 0x35 and the mask bit.
        boolean pic = chip != KvmVmState.IRQCHIP_IOAPIC;
        long at = pic ? 8 + 2 : 8 + 24 + 5 * 8;
        if (pic) {
            state.set(JAVA_BYTE, at, (byte) 0xa5);
        } else {
            state.set(JAVA_INT, at, 0x10035);
        }
        vm.set(chip, state);
        MemorySegment again = arena.allocate(chip.size(), 8);
        vm.get(chip, again);
        assertThat(again.mismatch(state)).isEqualTo(-1);
    }

    @Test
    void anIrqchipsStateDoesNotGoIntoAnother() {
        MemorySegment state = arena.allocate(KvmVmState.IRQCHIP_PIC_MASTER.size(), 8);
        vm.get(KvmVmState.IRQCHIP_PIC_MASTER, state);
        assertThatThrownBy(() -> vm.set(KvmVmState.IRQCHIP_IOAPIC, state))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("chip_id 0");
    }

    @Test
    void theClockGoesOnWhereItIsSet() {
        KvmClockData clock = KvmClockData.allocate(arena);
        vm.get(KvmVmState.CLOCK, clock.memory());
        assertThat(clock.clock()).isPositive();
        long hour = 3_600_000_000_000L;
        clock.setClock(hour);
        clock.setFlags(0);
        vm.set(KvmVmState.CLOCK, clock.memory());
        vm.get(KvmVmState.CLOCK, clock.memory());
        assertThat(clock.clock()).isBetween(hour, hour + 60_000_000_000L);
    }

    @Test
    void thePitComesBackAsItWasSet() {
        MemorySegment state = arena.allocate(KvmVmState.PIT2.size(), 8);
        vm.get(KvmVmState.PIT2, state);
        int channel2Count = 2 * 24;
        state.set(JAVA_INT, channel2Count, 0x1234);
        vm.set(KvmVmState.PIT2, state);
        MemorySegment again = arena.allocate(KvmVmState.PIT2.size(), 8);
        vm.get(KvmVmState.PIT2, again);
        assertThat(again.get(JAVA_INT, channel2Count)).isEqualTo(0x1234);
    }

    @Test
    void refusesSegmentsThatAreTooSmall() {
        MemorySegment small = arena.allocate(100, 8);
        assertThatThrownBy(() -> vm.get(KvmVmState.PIT2, small))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("PIT2 needs 112 bytes, not 100");
        assertThatThrownBy(() -> vm.set(KvmVmState.PIT2, small)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anIrqfdRaisesItsGsi() throws Exception {
        try (EventFd event = EventFd.create()) {
            vm.addIrqfd(event, 4);
            event.signal();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!pendingInMasterPic(4)) {
                assertThat(System.nanoTime()).as("the interrupt does not come").isLessThan(end);
                TimeUnit.MILLISECONDS.sleep(1);
            }
            assertThatThrownBy(() -> vm.addIrqfd(event, 6))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("KVM_IRQFD gsi 6: Device or resource busy (EBUSY)");
            vm.removeIrqfd(event, 4);
            vm.addIrqfd(event, 6);
        }
    }

    @Test
    void aLineCanBeRaisedAndLowered() {
        vm.irqLine(5, true);
        vm.irqLine(5, false);
        assertThat(pendingInMasterPic(5)).as("an edge is remembered").isTrue();
        assertThat(pendingInMasterPic(6)).isFalse();
        vm.irqLine(23, true);
        assertThatThrownBy(() -> vm.irqLine(24, true)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> vm.irqLine(-1, true)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void ioeventfdsCanBeAddedOnceAndRemoved() {
        try (EventFd event = EventFd.create()) {
            vm.addIoeventfd(event, 0xd0000050L, 4, OptionalLong.of(1), false);
            vm.addIoeventfd(event, 0xd0000050L, 4, OptionalLong.of(2), false);
            assertThatThrownBy(() -> vm.addIoeventfd(event, 0xd0000050L, 4, OptionalLong.of(2), false))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("KVM_IOEVENTFD at 0xd0000050: File exists (EEXIST)");
            vm.removeIoeventfd(event, 0xd0000050L, 4, OptionalLong.of(2), false);
            vm.addIoeventfd(event, 0xd0000050L, 4, OptionalLong.of(2), false);
            assertThatThrownBy(() -> vm.addIoeventfd(event, 0x500, 3, OptionalLong.empty(), true))
                    .hasMessageContaining("EINVAL");
        }
    }

    @Test
    void memoryRegionsAreCheckedByTheKernel() {
        try (Mmap more = Mmap.anonymous(1 << 16)) {
            vm.setUserMemoryRegion(1, KvmConstants.KVM_MEM_READONLY, 0x100000, 1 << 16, more.address());
            assertThatThrownBy(() -> vm.setUserMemoryRegion(2, 0, 0x100000, 1 << 16, more.address()))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("KVM_SET_USER_MEMORY_REGION slot 2: File exists (EEXIST)");
            assertThatThrownBy(() -> vm.setUserMemoryRegion(2, 0, 0x200001, 1 << 16, more.address()))
                    .hasMessageContaining("EINVAL");
            vm.setUserMemoryRegion(1, 0, 0x100000, 0, more.address());
        }
    }

    /** What shells of machines rely on: a slot over addresses without memory, which comes there later. */
    @Test
    void aSlotFollowsWhatIsMappedAtItsAddresses() {
        Mmap range = Mmap.reserved(1 << 16);
        vm.setUserMemoryRegion(1, 0, 0x10000, 1 << 16, range.address());
        range.placeZeroes();
        range.segment().set(JAVA_BYTE, 0x234, (byte) 0x56);
        // mov ax, 0x1000; mov ds, ax; mov al, [0x234]; out 0x10, al; jmp to the mov
        TinyGuest.load(guest, "b80010 8ed8 a03402 e610 ebf9");
        assertThat(nextOut()).isEqualTo(0x56);
        assertThat(nextOut()).isEqualTo(0x56);
        range.placeZeroes();
        range.segment().set(JAVA_BYTE, 0x234, (byte) 0x78);
        nextOut(); // was under way
        assertThat(nextOut()).isEqualTo(0x78);
        range.close();
    }

    private int nextOut() {
        assertThat(guest.vcpu.run()).isZero();
        assertThat(guest.run.exitReason()).isEqualTo(KvmConstants.KVM_EXIT_IO);
        return (int) guest.run.ioValue(0);
    }

    @Test
    void aVcpuIdIsGivenOnce() throws Exception {
        long before = openDescriptors();
        assertThatThrownBy(() -> vm.createVcpu(0))
                .isInstanceOf(LinuxException.class)
                .hasMessage("KVM_CREATE_VCPU 0: File exists (EEXIST)");
        assertThat(openDescriptors()).isEqualTo(before);
        try (KvmVcpu second = vm.createVcpu(1)) {
            assertThat(second.id()).isEqualTo(1);
            assertThat(second).hasToString("fd " + second.fd().number() + " (kvm-vcpu:1)");
        }
        assertThat(vm).hasToString("fd " + vm.fd().number() + " (kvm-vm)");
        assertThat(vm.checkExtension(KvmConstants.KVM_CAP_NR_MEMSLOTS)).isPositive();
    }

    private boolean pendingInMasterPic(int irq) {
        MemorySegment state = arena.allocate(KvmVmState.IRQCHIP_PIC_MASTER.size(), 8);
        vm.get(KvmVmState.IRQCHIP_PIC_MASTER, state);
        return (state.get(JAVA_BYTE, 8 + 1) >> irq & 1) != 0;
    }

    private static long openDescriptors() throws Exception {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
