package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class HostFactsTest {
    private static final HostFacts SAVED = Samples.manifest().host();

    private static HostFacts host(List<Integer> msrs, int xsaveBytes, String kernel) {
        return new HostFacts(Samples.cpuid().entries(), msrs, xsaveBytes, 0, kernel);
    }

    @Test
    void anotherKernelWithAtLeastTheSameFits() {
        assertThat(SAVED.missingOn(host(List.of(0x10, 0x11, 0x174, 0xc0000080), 11008, "6.18.0")))
                .isEmpty();
    }

    @Test
    void saysWhichCpuItWasSavedOn() {
        HostFacts other = new HostFacts(
                Samples.cpuid().entries().stream()
                        .map(e -> e.function() == 7 ? e.withEbx(0) : e)
                        .toList(),
                SAVED.msrs(),
                4096,
                0,
                "6.18.0");
        assertThat(SAVED.missingOn(other))
                .contains("it was saved on AuthenticAMD family 25 model 33 stepping 0; this host lacks avx512f");
        assertThat(other.missingOn(SAVED)).isEmpty();
    }

    @Test
    void saysWhatTheKernelLacks() {
        assertThat(SAVED.missingOn(host(List.of(0x10), 4096, "5.10.0")))
                .contains("it was saved with kernel 6.12.1-test; KVM of this host's kernel 5.10.0 lacks MSR 0x174"
                        + " and 1 more");
        HostFacts large = new HostFacts(SAVED.cpuid(), SAVED.msrs(), 11008, 0, "6.12.1-test");
        assertThat(large.missingOn(host(SAVED.msrs(), 4096, "5.10.0")))
                .contains("its XSAVE areas have 11008 bytes; KVM of this host's kernel 5.10.0 takes 4096");
    }

    @Test
    void takesFromAStateWhatItUses() {
        HostFacts used = Samples.host().usedBy(Samples.machine());
        assertThat(used.msrs()).containsExactly(0x10, 0xc0000080);
        assertThat(used.tscKhz()).isEqualTo(3_000_000);
        assertThat(used.cpuid()).isEqualTo(Samples.cpuid().entries());
    }
}
