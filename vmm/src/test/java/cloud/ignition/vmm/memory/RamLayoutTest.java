package cloud.ignition.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.memory.RamLayout.RamRange;
import org.junit.jupiter.api.Test;

class RamLayoutTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;

    @Test
    void smallRamIsOneRange() {
        assertThat(RamLayout.of(64 * MIB).ranges()).containsExactly(new RamRange(0, 64 * MIB, 0));
        assertThat(RamLayout.of(RamLayout.HOLE_START).ranges()).hasSize(1);
    }

    @Test
    void whatDoesNotFitBelowTheHoleGoesTo4Gib() {
        RamLayout layout = RamLayout.of(8 * GIB);
        assertThat(layout.ranges())
                .containsExactly(
                        new RamRange(0, 0xd000_0000L, 0), new RamRange(4 * GIB, 8 * GIB - 0xd000_0000L, 0xd000_0000L));
        assertThat(layout.totalBytes()).isEqualTo(8 * GIB);
    }

    @Test
    void oddSizesAreRefused() {
        for (long bytes : new long[] {0, -MIB, MIB + 1, RamLayout.MAX_BYTES + MIB}) {
            assertThatThrownBy(() -> RamLayout.of(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
