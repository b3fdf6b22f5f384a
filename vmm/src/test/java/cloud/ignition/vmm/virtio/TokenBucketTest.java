package cloud.ignition.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
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
    @Test
    void neverGivesMoreThanRateAndBurst() {
        for (long seed = 0; seed < 1000; seed++) {
            Random random = new Random(seed);
            int rate = 1 + random.nextInt(random.nextBoolean() ? 100 : 1_000_000_000);
            int burst = 1 + random.nextInt(1_000_000);
            long start = now;
            TokenBucket bucket = new TokenBucket(rate, burst, () -> now);
            long taken = 0;
            for (int waits = random.nextInt(50); waits >= 0; waits--) {
                now += random.nextInt(50_000_000);
                long available = bucket.available();
                bucket.take(available);
                taken += available;
            }
            double allowed = burst + (now - start) / 1e9 * rate;
            assertThat((double) taken).as("seed %d", seed).isLessThanOrEqualTo(allowed + 1e-3);
        }
    }
}
