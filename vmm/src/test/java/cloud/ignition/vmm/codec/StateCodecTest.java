package cloud.ignition.vmm.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateCodecTest {
    private static final int LIMIT = 1 << 12;

    @Test
    void readsBackWhatWasWritten() {
        for (long seed = 0; seed < 1000; seed++) {
            readsBackWhatWasWritten(new Random(seed));
        }
        readsBackWhatWasWritten(0, 0, 0, 0, false, new byte[0], List.of());
        readsBackWhatWasWritten(0xff, 0xffff, -1, -1, true, new byte[] {-1}, List.of(-1L));
    }

    private static void readsBackWhatWasWritten(Random random) {
        byte[] bytes = new byte[random.nextInt(100)];
        random.nextBytes(bytes);
        readsBackWhatWasWritten(
                random.nextInt(0x100),
                random.nextInt(0x1_0000),
                random.nextInt(),
                random.nextLong(),
                random.nextBoolean(),
                bytes,
                random.longs(random.nextInt(10)).boxed().toList());
    }

    private static void readsBackWhatWasWritten(
            int u8, int u16, int u32, long u64, boolean bool, byte[] bytes, List<Long> list) {
        byte[] encoded = new StateWriter()
                .u8(u8)
                .u16(u16)
                .u32(u32)
                .u64(u64)
                .bool(bool)
                .bytes(bytes)
                .string("grüße " + u32)
                .list(list, (item, out) -> out.u64(item))
                .toByteArray();
        StateReader in = new StateReader(encoded);
        assertThat(in.u8()).isEqualTo(u8);
        assertThat(in.u16()).isEqualTo(u16);
        assertThat(in.u32()).isEqualTo(u32);
        assertThat(in.u64()).isEqualTo(u64);
        assertThat(in.bool()).isEqualTo(bool);
        assertThat(in.bytes(LIMIT)).isEqualTo(bytes);
        assertThat(in.string(LIMIT)).isEqualTo("grüße " + u32);
        assertThat(in.list(LIMIT, StateReader::u64)).isEqualTo(list);
        in.end();
    }

    @Test
    void isLittleEndianWithoutPadding() {
        byte[] encoded = new StateWriter()
                .u8(1)
                .u16(0x0203)
                .u32(0x04050607)
                .bytes(new byte[] {9})
                .toByteArray();
        assertThat(encoded).containsExactly(1, 3, 2, 7, 6, 5, 4, 1, 0, 0, 0, 9);
    }

    @Test
    void truncationAnywhereIsNoticed() {
        byte[] encoded = new StateWriter().u64(1).string("name").u8(3).toByteArray();
        for (int length = 0; length < encoded.length; length++) {
            StateReader in = new StateReader(Arrays.copyOf(encoded, length));
            assertThatThrownBy(() -> {
                        in.u64();
                        in.string(LIMIT);
                        in.u8();
                    })
                    .isInstanceOf(CorruptStateException.class);
        }
    }

    @Test
    void lengthsAreBoundedBeforeAnythingIsAllocated() {
        byte[] huge = new StateWriter().u32(Integer.MAX_VALUE).toByteArray();
        byte[] negative = new StateWriter().u32(-1).toByteArray();
        for (byte[] encoded : List.of(huge, negative)) {
            assertThatThrownBy(() -> new StateReader(encoded).bytes(LIMIT)).isInstanceOf(CorruptStateException.class);
            assertThatThrownBy(() -> new StateReader(encoded).string(LIMIT)).isInstanceOf(CorruptStateException.class);
            assertThatThrownBy(() -> new StateReader(encoded).list(LIMIT, StateReader::u8))
                    .isInstanceOf(CorruptStateException.class);
        }
        assertThatThrownBy(() -> new StateReader(huge).bytes(Integer.MAX_VALUE))
                .isInstanceOf(CorruptStateException.class)
                .hasMessageContaining("ends");
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> new StateReader(new byte[] {2}).bool()).isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new StateReader(new byte[] {1, 0, 0, 0, (byte) 0xc3}).string(LIMIT))
                .isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new StateReader(new byte[] {1}).end()).isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> new StateWriter().u16(0x1_0000)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StateWriter().u8(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
