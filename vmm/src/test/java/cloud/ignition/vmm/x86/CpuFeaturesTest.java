package cloud.ignition.vmm.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.kvm.Cpuid;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
    private static final Cpuid ZEN = new Cpuid(List.of(
            new Cpuid.Entry(0, 0, 0, 0x10, 0x68747541, 0x444d4163, 0x69746e65),
            new Cpuid.Entry(1, 0, 0, 0x00a20f10, 0x00020800, 0x80202001, 0x178bfbff),
            new Cpuid.Entry(7, 0, 1, 0, 0x219c95a9, 0x0040069c, 0),
            new Cpuid.Entry(0xd, 2, 1, 0x100, 0x240, 0, 0),
            new Cpuid.Entry(0x40000001, 0, 0, 0x01007efb, 0, 0, 0),
            new Cpuid.Entry(0x80000008, 0, 0, 0x3030, 0, 0, 0)));

    private static Cpuid with(int function, UnaryOperator<Cpuid.Entry> change) {
        Cpuid changed = ZEN.copy();
        changed.replaceAll(e -> e.function() == function ? change.apply(e) : e);
        return changed;
    }

    private static String missing(Cpuid guest, Cpuid host) {
        return CpuFeatures.missing(guest, host, 3).orElse("");
    }

    @Test
    void namesTheCpuAsPeopleDo() {
        assertThat(CpuFeatures.name(ZEN)).isEqualTo("AuthenticAMD family 25 model 33 stepping 0");
        Cpuid intel = with(1, e -> e.withEax(0x00050657));
        intel.replaceAll(e ->
                e.function() == 0 ? e.withEbx(0x756e6547).withEdx(0x49656e69).withEcx(0x6c65746e) : e);
        assertThat(CpuFeatures.name(intel)).isEqualTo("GenuineIntel family 6 model 85 stepping 7");
        assertThat(missing(ZEN, intel)).isEqualTo("this host is GenuineIntel family 6 model 85 stepping 7");
        assertThatThrownBy(() -> CpuFeatures.name(new Cpuid(List.of()))).isInstanceOf(CorruptStateException.class);
    }

    @Test
    void aHostWithMoreFits() {
        assertThat(missing(ZEN, ZEN)).isEmpty();
        assertThat(missing(ZEN, with(7, e -> e.withEbx(-1)))).isEmpty();
        assertThat(missing(ZEN, with(1, e -> e.withEax(0x00a20f12))))
                .as("stepping")
                .isEmpty();
        assertThat(missing(ZEN, with(0x80000008, e -> e.withEax(0x3934)))).isEmpty();
    }

    @Test
    void namesWhatAHostLacks() {
        assertThat(missing(with(7, e -> e.withEbx(e.ebx() | 1 << 16)), ZEN)).isEqualTo("this host lacks avx512f");
        assertThat(missing(ZEN, with(0x40000001, e -> e.withEax(e.eax() & ~(1 << 3 | 1 << 24)))))
                .isEqualTo("this host lacks kvm-clocksource2, kvm-clocksource-stable");
        assertThat(missing(with(7, e -> e.withEbx(-1)), with(7, e -> e.withEbx(0))))
                .isEqualTo("this host lacks fsgsbase, tsc_adjust, sgx and 29 more");
        assertThat(missing(with(7, e -> e.withEdx(1)), ZEN)).isEqualTo("this host lacks CPUID.7.0:edx[0]");
        assertThat(missing(with(0x80000008, e -> e.withEax(0x3934)), ZEN))
                .isEqualTo("this host has addresses of 48 physical and 48 linear bits, not 52 and 57");
    }

    @Test
    void everyBitOfEveryFeatureRegisterCounts() {
        for (int bit = 0; bit < 32; bit++) {
            int mask = 1 << bit;
            assertThat(missing(with(7, e -> e.withEbx(mask)), with(7, e -> e.withEbx(~mask))))
                    .startsWith("this host lacks ");
            assertThat(missing(with(1, e -> e.withEdx(mask)), with(1, e -> e.withEdx(~mask))))
                    .startsWith("this host lacks ");
        }
        int osxsave = 1 << 27;
        assertThat(missing(with(1, e -> e.withEcx(osxsave)), with(1, e -> e.withEcx(0))))
                .isEmpty();
    }

    @Test
    void theLayoutOfAnXsaveAreaMustBeTheSame() {
        assertThat(missing(ZEN, with(0xd, e -> e.withEbx(0x280))))
                .isEqualTo("this host keeps part 2 of an XSAVE area elsewhere");
        assertThat(missing(with(0xd, e -> e.withEbx(0x280)), ZEN)).contains("elsewhere");
    }
}
