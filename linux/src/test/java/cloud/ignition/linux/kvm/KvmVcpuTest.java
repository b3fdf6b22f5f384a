package cloud.ignition.linux.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KvmVcpuTest {
    private static final int MSR_IA32_SYSENTER_ESP = 0x175;
    private static final int MSR_IA32_SYSENTER_EIP = 0x176;
    private static final int NO_MSR = 0x3fffffff;

    private final TinyGuest guest = TinyGuest.withIrqchip("f4");
    private final KvmVcpu vcpu = guest.vcpu;
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
        guest.close();
    }

    @ParameterizedTest
    @EnumSource(KvmVcpuState.class)
    void everyStateCanBeReadAndSetAndReadAgain(KvmVcpuState what) {
        int size = what.size(guest.kvm);
        MemorySegment state = arena.allocate(size, 8);
        vcpu.get(what, state);
        vcpu.set(what, state);
        MemorySegment again = arena.allocate(size, 8);
        vcpu.get(what, again);
        assertThat(again.mismatch(state)).isEqualTo(-1);
        assertThatThrownBy(() -> vcpu.get(what, state.asSlice(0, size - 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> vcpu.set(what, state.asSlice(0, size - 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void registersAreWhereTheirNamesSay() {
        KvmRegs regs = KvmRegs.allocate(arena);
        regs.setRax(1);
        regs.setRbx(2);
        regs.setR15(15);
        regs.setRsp(0xf000);
        regs.setRip(TinyGuest.CODE_GPA);
        regs.setRflags(0x202);
        vcpu.set(KvmVcpuState.REGS, regs.memory());
        KvmRegs now = guest.regs(arena);
        assertThat(now.rax()).isEqualTo(1);
        assertThat(now.rbx()).isEqualTo(2);
        assertThat(now.r15()).isEqualTo(15);
        assertThat(now.rsp()).isEqualTo(0xf000);
        assertThat(now.rflags()).isEqualTo(0x202);
    }

    @Test
    void segmentsAndControlRegistersKeepTheirFields() {
        KvmSregs sregs = KvmSregs.allocate(arena);
        vcpu.get(KvmVcpuState.SREGS, sregs.memory());
        assertThat(sregs.apicBase() & 0xfffff000L).isEqualTo(0xfee00000L);
        sregs.cs().setBase(0);
        sregs.cs().setLimit(-1);
        sregs.cs().setSelector(0xfff8);
        sregs.cs().setType(11);
        sregs.cs().setDb(1);
        sregs.cs().setG(1);
        sregs.gdt().setBase(0x500);
        sregs.gdt().setLimit(0xffff);
        sregs.setCr0(sregs.cr0() | 1);
        sregs.setCr2(0x1234);
        vcpu.set(KvmVcpuState.SREGS, sregs.memory());
        KvmSregs now = KvmSregs.allocate(arena);
        vcpu.get(KvmVcpuState.SREGS, now.memory());
        assertThat(now.cs().limit()).isEqualTo(-1);
        assertThat(now.cs().selector()).isEqualTo(0xfff8);
        assertThat(now.cs().type()).isEqualTo(11);
        assertThat(now.cs().db()).isEqualTo(1);
        assertThat(now.cs().g()).isEqualTo(1);
        assertThat(now.cs().present()).isEqualTo(1);
        assertThat(now.gdt().base()).isEqualTo(0x500);
        assertThat(now.gdt().limit()).isEqualTo(0xffff);
        assertThat(now.cr0() & 1).isEqualTo(1);
        assertThat(now.cr2()).isEqualTo(0x1234);
    }

    @Test
    void lapicRegistersCanBeSet() {
        KvmLapic lapic = KvmLapic.allocate(arena);
        vcpu.get(KvmVcpuState.LAPIC, lapic.memory());
        lapic.setRegister(KvmLapic.APIC_LVT0, 0x700);
        lapic.setRegister(KvmLapic.APIC_LVT1, 0x400);
        vcpu.set(KvmVcpuState.LAPIC, lapic.memory());
        KvmLapic now = KvmLapic.allocate(arena);
        vcpu.get(KvmVcpuState.LAPIC, now.memory());
        assertThat(now.register(KvmLapic.APIC_LVT0)).isEqualTo(0x700);
        assertThat(now.register(KvmLapic.APIC_LVT1)).isEqualTo(0x400);
        assertThatThrownBy(() -> now.register(0x351)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> now.register(0x400)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void msrsComeBackAsTheyWereSet() {
        int[] indices = {MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP};
        assertThat(vcpu.setMsrs(indices, new long[] {0x1000, 0x2000})).isEmpty();
        long[] values = new long[2];
        assertThat(vcpu.getMsrs(indices, values)).isEqualTo(2);
        assertThat(values).containsExactly(0x1000, 0x2000);
    }

    @Test
    void refusedMsrsAreReportedAndSkipped() {
        int[] indices = {NO_MSR, MSR_IA32_SYSENTER_ESP, NO_MSR + 1, MSR_IA32_SYSENTER_EIP, NO_MSR + 2};
        assertThat(vcpu.setMsrs(indices, new long[] {1, 2, 3, 4, 5})).containsExactly(NO_MSR, NO_MSR + 1, NO_MSR + 2);
        long[] values = new long[5];
        assertThat(vcpu.getMsrs(indices, values)).isEqualTo(2);
        assertThat(indices).startsWith(MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP);
        assertThat(values).startsWith(2, 4);
        assertThatThrownBy(() -> vcpu.getMsrs(new int[1], new long[2])).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void moreMsrsThanKvmTakesAtOnce() {
        int count = 2 * Msrs.MAX_PER_CALL + 3;
        int[] indices = new int[count];
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            indices[i] = i % 2 == 0 ? MSR_IA32_SYSENTER_ESP : MSR_IA32_SYSENTER_EIP;
            values[i] = i;
        }
        assertThat(vcpu.setMsrs(indices, values)).isEmpty();
        assertThat(vcpu.getMsrs(indices, values)).isEqualTo(count);
        assertThat(values[0]).isEqualTo(count - 1L);
        assertThat(values[1]).isEqualTo(count - 2L);
        assertThat(values[count - 1]).isEqualTo(count - 1L);
    }

    @Test
    void everyListedMsrThatCanBeReadIsReadOnce() {
        int[] indices = guest.kvm.msrIndexList();
        int[] listed = indices.clone();
        int read = vcpu.getMsrs(indices, new long[indices.length]);
        assertThat(read).isPositive();
        assertThat(Arrays.copyOf(indices, read)).doesNotHaveDuplicates();
        assertThat(listed).contains(Arrays.copyOf(indices, read));
    }

    @Test
    void knowsItsFrequencyAndTakesAKvmclockNoticeWithoutAKvmclock() {
        assertThat(vcpu.tscKhz()).isBetween(100_000L, 10_000_000L);
        vcpu.kvmclockCtrl();
    }

    @Test
    void keepsAFrequencyThatIsItsOwn() {
        long own = vcpu.tscKhz();
        vcpu.setTscKhz(own);
        assertThat(vcpu.tscKhz()).isEqualTo(own);
    }
}
