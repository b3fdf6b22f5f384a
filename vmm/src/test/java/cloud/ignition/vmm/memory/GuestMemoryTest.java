package cloud.ignition.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.GuestLieException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static final long HIGH = 1L << 32;
    private static final long LOW_BYTES = 8192;
    private static final long HIGH_BYTES = 4096;

    private final GuestMemory memory = new GuestMemory(List.of(region(0, LOW_BYTES), region(HIGH, HIGH_BYTES)));

    @Test
    void readsBackLittleEndianInBothRegions() {
        for (long base : new long[] {0, 4093, HIGH, HIGH + 5}) {
            memory.setLong(base, 0x1122334455667788L);
            assertThat(memory.getByte(base)).isEqualTo((byte) 0x88);
            assertThat(memory.getShort(base)).isEqualTo((short) 0x7788);
            assertThat(memory.getInt(base)).isEqualTo(0x55667788);
            assertThat(memory.getLong(base)).isEqualTo(0x1122334455667788L);
            memory.setShort(base, (short) 0x0102);
            memory.setByte(base + 7, (byte) 0x7f);
            memory.setInt(base + 3, 0x0a0b0c0d);
            assertThat(memory.read(base, 8)).containsExactly(0x02, 0x01, 0x66, 0x0d, 0x0c, 0x0b, 0x0a, 0x7f);
        }
    }

    @Test
    void nothingCrossesTheEndOfARegion() {
        assertThat(memory.contains(LOW_BYTES - 4, 4)).isTrue();
        assertThat(memory.contains(LOW_BYTES - 4, 5)).isFalse();
        assertThat(memory.contains(LOW_BYTES, 0)).isFalse();
        assertThatThrownBy(() -> memory.getLong(LOW_BYTES - 7)).isInstanceOf(GuestLieException.class);
        assertThatThrownBy(() -> memory.setShort(HIGH + HIGH_BYTES - 1, (short) 0))
                .isInstanceOf(GuestLieException.class);
        assertThatThrownBy(() -> memory.slice(HIGH - 1, 2))
                .isInstanceOf(GuestLieException.class)
                .hasMessage("2 bytes at 0xffffffff are not in RAM");
        assertThatThrownBy(() -> memory.hostAddress(0, Long.MAX_VALUE)).isInstanceOf(GuestLieException.class);
    }

    @Test
    void hostAddressesFollowTheSegments() {
        long low = memory.regions().get(0).host().address();
        long high = memory.regions().get(1).host().address();
        assertThat(memory.hostAddress(100, 1)).isEqualTo(low + 100);
        assertThat(memory.hostAddress(HIGH + 100, 1)).isEqualTo(high + 100);
        assertThat(memory.totalBytes()).isEqualTo(LOW_BYTES + HIGH_BYTES);
    }

    @Test
    void agreesWithUnboundedArithmetic() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            checkAgainstModel(random.nextLong(), random.nextLong());
            checkAgainstModel(random.nextLong() >>> random.nextInt(64), random.nextLong() >>> random.nextInt(64));
        }
    }

    @Test
    void agreesWithUnboundedArithmeticAtTheEdges() {
        for (long a = -3; a <= 3; a++) {
            for (long b = -3; b <= 3; b++) {
                checkAgainstModelAtTheEdges(a, b);
            }
        }
    }

    private void checkAgainstModelAtTheEdges(long a, long b) {
        long[] edges = {0, LOW_BYTES, HIGH, HIGH + HIGH_BYTES, Long.MAX_VALUE, Long.MIN_VALUE};
        for (long edge : edges) {
            for (long other : edges) {
                checkAgainstModel(edge + a, other + b);
                checkAgainstModel(edge + a, other - edge + b);
            }
        }
    }

    @Test
    void overlappingOrEmptyRegionsAreRefused() {
        assertThatThrownBy(() -> new GuestMemory(List.of(region(0, 8192), region(4096, 4096))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuestMemory(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GuestMemory.Region(0, MemorySegment.NULL))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private void checkAgainstModel(long gpa, long length) {
        BigInteger start = new BigInteger(Long.toUnsignedString(gpa));
        BigInteger end = start.add(BigInteger.valueOf(length));
        boolean inside = length >= 0 && (within(start, end, 0, LOW_BYTES) || within(start, end, HIGH, HIGH_BYTES));
        assertThat(memory.contains(gpa, length))
                .as("%d bytes at 0x%x", length, gpa)
                .isEqualTo(inside);
    }

    private static boolean within(BigInteger start, BigInteger end, long base, long size) {
        BigInteger first = BigInteger.valueOf(base);
        BigInteger limit = BigInteger.valueOf(base + size);
        return start.compareTo(first) >= 0 && start.compareTo(limit) < 0 && end.compareTo(limit) <= 0;
    }

    private static GuestMemory.Region region(long gpa, long bytes) {
        return new GuestMemory.Region(gpa, Arena.ofAuto().allocate(bytes, 4096));
    }
}
