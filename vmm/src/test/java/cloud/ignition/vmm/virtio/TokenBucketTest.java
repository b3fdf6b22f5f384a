package cloud.ignition.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
    private long now = 1_000_000;

    @Test
    void aDebtIsPaidBeforeAnythingIsLeft() {
        TokenBucket bucket = new TokenBucket(1000, 10, () -> now);
        bucket.spend(60);
        assertThat(bucket.available()).isEqualTo(-50);
        assertThat(bucket.nanosUntil(1)).isEqualTo(51_000_000);
        now += 50_999_999;
        assertThat(bucket.available()).isZero();
        now += 1;
        assertThat(bucket.available()).isEqualTo(1);
        now += 1_000_000_000;
        assertThat(bucket.available()).isEqualTo(10);
        assertThatThrownBy(() -> bucket.spend(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void fillsSteadilyUpToItsBurst() {
        TokenBucket bucket = new TokenBucket(1000, 100, () -> now);
        assertThat(bucket.available()).isEqualTo(100);
        bucket.take(100);
        assertThat(bucket.nanosUntil(10)).isEqualTo(10_000_000);
        now += 9_999_999;
        assertThat(bucket.available()).isEqualTo(9);
        now += 1;
        assertThat(bucket.available()).isEqualTo(10);
        assertThat(bucket.nanosUntil(10)).isZero();
        now += Long.MAX_VALUE / 2;
        assertThat(bucket.available()).isEqualTo(100);
        assertThatThrownBy(() -> bucket.take(101)).isInstanceOf(IllegalStateException.class);
    }

    /** However it is asked, it gives rate times time plus one burst, less one token of rounding. */
    @Property
    void neverGivesMoreThanRateAndBurst(
            @ForAll @IntRange(min = 1, max = 1_000_000_000) int rate,
            @ForAll @IntRange(min = 1, max = 1_000_000) int burst,
            @ForAll @Size(max = 50) List<@IntRange(min = 0, max = 50_000_000) Integer> waits) {
        long start = now;
        TokenBucket bucket = new TokenBucket(rate, burst, () -> now);
        long taken = 0;
        for (int wait : waits) {
            now += wait;
            long available = bucket.available();
            bucket.take(available);
            taken += available;
        }
        double allowed = burst + (now - start) / 1e9 * rate;
        assertThat((double) taken).isLessThanOrEqualTo(allowed + 1e-3);
    }
}
