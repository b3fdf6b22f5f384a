package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClocksTest {
    @Test
    void monotonicGoesForward() {
        long before = Clocks.monotonicNanos();
        assertThat(Clocks.monotonicNanos()).isGreaterThanOrEqualTo(before).isGreaterThan(0);
    }

    @Test
    void realtimeIsTheTimeOfDay() {
        long nanos = Clocks.realtimeNanos();
        Instant here = Instant.ofEpochSecond(nanos / 1_000_000_000, nanos % 1_000_000_000);
        assertThat(Duration.between(here, Instant.now()).abs()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void threadTimeCountsWorkAndNotWaiting() throws Exception {
        int tid = ThreadKicker.current().tid();
        long before = Clocks.threadCpuNanos(tid);
        long end = Clocks.monotonicNanos() + 50_000_000;
        while (Clocks.threadCpuNanos(tid) - before < 10_000_000) {
            assertThat(Clocks.monotonicNanos()).isLessThan(end + 30_000_000_000L);
        }
        long worked = Clocks.threadCpuNanos(tid);
        try (EventFd never = EventFd.create();
                Epoll epoll = Epoll.create()) {
            epoll.add(never.fd(), Epoll.IN, 0);
            epoll.await(new Epoll.Events(1), 100);
        }
        assertThat(Clocks.threadCpuNanos(tid) - worked).isLessThan(90_000_000);
    }

    @Test
    void theTimeOfNoThreadIsAnError() {
        assertThatThrownBy(() -> Clocks.threadCpuNanos(1 << 22))
                .isInstanceOf(LinuxException.class)
                .hasMessage("clock_gettime thread 4194304: Invalid argument (EINVAL)");
        assertThatThrownBy(() -> Clocks.threadCpuNanos(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whoWaitsForACpuIsCounted() throws Exception {
        int cpus = Runtime.getRuntime().availableProcessors();
        int threads = 2 * cpus + 1;
        java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(threads);
        java.util.concurrent.atomic.AtomicLong waited = new java.util.concurrent.atomic.AtomicLong();
        for (int i = 0; i < threads; i++) {
            Thread.ofPlatform().start(() -> {
                int tid = ThreadKicker.current().tid();
                while (Clocks.threadCpuNanos(tid) < 50_000_000) {
                    Thread.onSpinWait();
                }
                waited.addAndGet(Clocks.threadWaitNanos(tid));
                done.countDown();
            });
        }
        done.await();
        assertThat(waited.get()).isGreaterThan(10_000_000);
        assertThat(Clocks.threadWaitNanos(Integer.MAX_VALUE)).isZero();
    }
}
