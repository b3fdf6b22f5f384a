package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class RandomBytesTest {
    @Test
    void fillsAllOfASegmentAndNeverTwiceTheSame() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(100_000);
            MemorySegment b = arena.allocate(100_000);
            RandomBytes.fill(a);
            RandomBytes.fill(b);
            assertThat(a.mismatch(b)).isBetween(0L, 16L);
            for (MemorySegment part : new MemorySegment[] {a.asSlice(0, 1000), a.asSlice(99_000, 1000)}) {
                int[] seen = new int[256];
                for (byte value : part.toArray(JAVA_BYTE)) {
                    seen[Byte.toUnsignedInt(value)]++;
                }
                assertThat(seen[0]).as("zeros in 1000 random bytes").isLessThan(40);
            }
            RandomBytes.fill(arena.allocate(0));
        }
    }
}
