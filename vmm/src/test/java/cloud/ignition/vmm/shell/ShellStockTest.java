package cloud.ignition.vmm.shell;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.vmm.Limits;
import cloud.ignition.vmm.MachineShape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many shells there should be and when, on a clock of the test's own; there is none in it, so each take misses. */
class ShellStockTest {
    private static final long START = -5_000_000_000L; // a monotonic clock may begin anywhere
    private static final long SECOND = 1_000_000_000L;

    private final ShellStock stock =
            new ShellStock(new ShellPlan(new MachineShape(1, Limits.MIN_MEMORY_BYTES), List.of(1)));

    private void takeAtOnce(int count, long at) {
        for (int i = 0; i < count; i++) {
            assertThat(stock.take(at + i)).isNull();
        }
    }

    private int room(int room, long now) {
        return stock.resize(room, now, new ArrayList<>());
    }

    @Test
    void keepsTwiceTheLargestBurst() {
        stock.take(START);
        assertThat(stock.wanted(START)).isEqualTo(2);
        takeAtOnce(3, START + 10 * SECOND);
        assertThat(stock.wanted(START + 11 * SECOND)).isEqualTo(6);
        stock.take(START + 20 * SECOND);
        assertThat(stock.wanted(START + 20 * SECOND)).isEqualTo(6);
        takeAtOnce(40, START + 30 * SECOND);
        assertThat(stock.wanted(START + 31 * SECOND)).isEqualTo(Limits.MAX_POOLED_SHELLS);
    }

    @Test
    void forgetsABurst() {
        takeAtOnce(5, START);
        long forgotten = START + 5 + Limits.POOL_MEMORY_NANOS + 1;
        assertThat(stock.nanosUntilForgotten(START + 5)).isPositive().isLessThanOrEqualTo(Limits.POOL_MEMORY_NANOS + 1);
        assertThat(stock.wanted(forgotten)).isEqualTo(1);
        assertThat(stock.nanosUntilForgotten(forgotten)).isEqualTo(Long.MAX_VALUE);
        stock.take(forgotten);
        assertThat(stock.wanted(forgotten)).isEqualTo(2);
    }

    @Test
    void oneThatIsExpectedIsKept() {
        stock.expect(START);
        assertThat(stock.wanted(START)).isEqualTo(2);
        assertThat(room(1, START)).isEqualTo(1);
        assertThat(room(0, START)).isZero();
    }

    @Test
    void isFilledWhenItIsQuietButNotTooLate() {
        stock.take(START);
        room(16, START);
        assertThat(stock.nanosUntilRefill(START)).isEqualTo(Limits.POOL_REFILL_DELAY_NANOS);
        long now = START;
        while (stock.nanosUntilRefill(now) > 0) { // machines come faster than it becomes quiet
            now += Limits.POOL_REFILL_DELAY_NANOS / 2;
            stock.take(now);
            room(16, now);
        }
        assertThat(now).isEqualTo(START + Limits.POOL_REFILL_DEADLINE_NANOS);
    }

    @Test
    void isNotFilledAgainstTheHostsWill() {
        stock.take(START);
        room(16, START);
        stock.refused();
        assertThat(stock.nanosUntilRefill(START + SECOND)).isEqualTo(Long.MAX_VALUE);
        stock.take(START + SECOND);
        assertThat(stock.nanosUntilRefill(START + 2 * SECOND)).isNegative();
    }

    @Test
    void needsNothingWithoutRoom() {
        stock.take(START);
        room(0, START);
        assertThat(stock.nanosUntilRefill(START + SECOND)).isEqualTo(Long.MAX_VALUE);
    }
}
