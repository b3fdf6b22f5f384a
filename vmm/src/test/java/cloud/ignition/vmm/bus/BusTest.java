package cloud.ignition.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BusTest {
    private final Bus bus = new Bus();
    private final List<String> seen = new ArrayList<>();

    private final BusDevice device = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            seen.add("read " + offset + "/" + size);
            return 0x1122334455667788L;
        }

        @Override
        public void write(long offset, int size, long value) {
            seen.add("write " + offset + "/" + size + "=" + Long.toHexString(value));
        }
    };

    @Test
    void decodesAddressesToOffsets() {
        bus.add(0x1000, 8, device);
        assertThat(bus.read(0x1000, 8)).isEqualTo(0x1122334455667788L);
        assertThat(bus.read(0x1007, 1)).isEqualTo(0x88);
        assertThat(bus.read(0x1002, 4)).isEqualTo(0x55667788);
        bus.write(0x1004, 2, -1);
        assertThat(seen).containsExactly("read 0/8", "read 7/1", "read 2/4", "write 4/2=ffff");
    }

    @Test
    void nobodyThereReadsAllOnes() {
        bus.add(0x1000, 8, device);
        assertThat(bus.read(0xfff, 1)).isEqualTo(0xff);
        assertThat(bus.read(0x1008, 2)).isEqualTo(0xffff);
        assertThat(bus.read(0x1005, 4)).isEqualTo(0xffff_ffffL); // only partly inside
        assertThat(bus.read(-1, 8)).isEqualTo(-1);
        bus.write(0x1005, 4, 1);
        bus.write(0xffc, 8, 1);
        assertThat(seen).isEmpty();
    }

    /** What KVM makes of an access across a page border; only a fault of ours has no length or more than eight bytes. */
    @Test
    void partsOfAnAccessAreNobodys() {
        bus.add(0x1000, 16, device);
        for (int size : new int[] {3, 5, 6, 7}) {
            assertThat(bus.read(0x1000, size)).isEqualTo((1L << (8 * size)) - 1);
            bus.write(0x1000, size, -1);
        }
        assertThat(seen).isEmpty();
        for (int size : new int[] {-1, 0, 9, 16}) {
            assertThatThrownBy(() -> bus.read(0x1000, size)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void windowsDoNotOverlap() {
        bus.add(0x1000, 0x100, device);
        bus.add(0x1100, 0x100, device);
        for (long base : new long[] {0xfff, 0x1000, 0x10ff, 0x1150}) {
            assertThatThrownBy(() -> bus.add(base, 2, device)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> bus.add(0, 0, device)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> bus.add(Long.MAX_VALUE, 2, device)).isInstanceOf(IllegalArgumentException.class);
    }
}
