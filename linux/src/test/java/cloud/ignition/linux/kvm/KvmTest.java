package cloud.ignition.linux.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KvmTest {
    private static final int MSR_IA32_TSC = 0x10;
    private static final int MSR_STAR = 0xc0000081;

    private final Kvm kvm = Kvm.open();

    @AfterEach
    void close() {
        kvm.close();
    }

    @Test
    void hasWhatAVmNeeds() {
        for (int capability : new int[] {
            KvmConstants.KVM_CAP_IRQCHIP,
            KvmConstants.KVM_CAP_USER_MEMORY,
            KvmConstants.KVM_CAP_IRQFD,
            KvmConstants.KVM_CAP_IOEVENTFD,
            KvmConstants.KVM_CAP_IMMEDIATE_EXIT,
            KvmConstants.KVM_CAP_XSAVE
        }) {
            assertThat(kvm.checkExtension(capability))
                    .as("capability %d", capability)
                    .isPositive();
        }
        assertThat(kvm.checkExtension(999_999)).isZero();
    }

    @Test
    void vcpusNeedAtLeastAPageAndXsaveAtLeastItsOldSize() {
        assertThat(kvm.vcpuMmapSize()).isGreaterThanOrEqualTo((int) Pages.SIZE);
        assertThat(kvm.xsaveSize()).isGreaterThanOrEqualTo(4096);
        assertThat(KvmVcpuState.XSAVE.size(kvm)).isEqualTo(kvm.xsaveSize());
        assertThat(KvmVcpuState.REGS.size(kvm)).isEqualTo(144);
    }

    @Test
    void listsTheMsrsThatHoldState() {
        int[] msrs = kvm.msrIndexList();
        assertThat(msrs).contains(MSR_IA32_TSC, MSR_STAR).doesNotHaveDuplicates();
        Arrays.fill(msrs, 0);
        assertThat(kvm.msrIndexList()).as("a new array each time").contains(MSR_IA32_TSC);
    }

    @Test
    void supportedCpuidSurvivesTheWayThroughItsStruct() {
        Cpuid cpuid = kvm.supportedCpuid();
        Cpuid.Entry vendor = cpuid.find(0, 0).orElseThrow();
        assertThat(vendor.eax()).as("highest leaf").isPositive();
        assertThat(cpuid.find(1, 0)).isPresent();
        assertThat(cpuid.find(0x7fffffff, 0)).isEmpty();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = arena.allocate(cpuid.byteSize(), 8).fill((byte) 0xff);
            cpuid.writeTo(struct);
            assertThat(Cpuid.readFrom(struct)).isEqualTo(cpuid).hasSameHashCodeAs(cpuid);
        }
    }

    @Test
    void cpuidCanBeChanged() {
        Cpuid cpuid = kvm.supportedCpuid();
        Cpuid copy = cpuid.copy();
        cpuid.replaceAll(
                e -> e.function() == 1 ? e.withEax(1).withEbx(2).withEcx(3).withEdx(4) : e);
        assertThat(cpuid.find(1, 0))
                .contains(new Cpuid.Entry(1, 0, copy.find(1, 0).orElseThrow().flags(), 1, 2, 3, 4));
        cpuid.entries().removeIf(e -> e.function() != 1);
        assertThat(cpuid).hasToString("CPUID with 1 entries").isNotEqualTo(copy);
        assertThat(copy.entries()).hasSizeGreaterThan(3);
    }

    @Test
    void aCountThatLiesIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment struct = Cpuid.allocate(arena, 2);
            for (int count : List.of(3, -1, Integer.MAX_VALUE)) {
                struct.set(ValueLayout.JAVA_INT, 0, count);
                Assertions.assertThatThrownBy(() -> Cpuid.readFrom(struct))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }
}
