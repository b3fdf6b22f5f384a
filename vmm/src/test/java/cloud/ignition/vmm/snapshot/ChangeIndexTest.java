package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.codec.CorruptStateException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class ChangeIndexTest {
    private static final int ZERO = 1 << 31;
    private static final int PAGES = 1000;

    private static byte[] words(int... words) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            bytes.putInt(word);
        }
        return bytes.array();
    }

    private static void refused(String why, int... words) {
        assertThatThrownBy(() -> ChangeIndex.decode(words(words), PAGES))
                .isInstanceOf(CorruptStateException.class)
                .hasMessageContaining(why);
    }

    @Test
    void isReadAsItWasWritten() {
        ChangeIndex.Builder builder = new ChangeIndex.Builder();
        for (int page : new int[] {0, 1, 2, 10, 11, 500}) {
            assertThat(builder.add(page, page == 10 || page == 11)).isTrue();
        }
        byte[] bytes = builder.build().encode();
        assertThat(bytes).isEqualTo(words(0, 3, 10, 2 | ZERO, 500, 1));
        ChangeIndex index = ChangeIndex.decode(bytes, PAGES);
        assertThat(index.encode()).isEqualTo(bytes);
        assertThat(index.count()).isEqualTo(3);
        assertThat(index.isZero(1)).isTrue();
        assertThat(index.dataBytes()).isEqualTo(4 * 4096);
        assertThat(ChangeIndex.decode(new byte[0], PAGES).count()).isZero();
    }

    @Test
    void runsOfDifferentKindsMayTouch() {
        assertThat(ChangeIndex.decode(words(0, 3, 3, 2 | ZERO, 5, 995), PAGES).count())
                .isEqualTo(3);
    }

    @Test
    void refusesWhatIsNeverWritten() {
        refused("out of order", 5, 0);
        refused("out of order", 5, ZERO);
        refused("out of order", -1, 1);
        refused("out of order", 5, 2, 4, 1);
        refused("out of order", 5, 2, 6, 1 | ZERO);
        refused("out of order", 5, 2, 7, 1);
        refused("outside", 999, 2);
        refused("outside", 1000, 1);
        refused("outside", 0, Integer.MAX_VALUE);
        assertThatThrownBy(() -> ChangeIndex.decode(new byte[12], PAGES)).hasMessageContaining("12 bytes");
        assertThatThrownBy(() -> ChangeIndex.decode(new byte[8 * Limits.MAX_CHANGE_RUNS + 8], PAGES))
                .hasMessageContaining("runs");
    }
}
