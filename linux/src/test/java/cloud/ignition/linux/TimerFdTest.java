package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TimerFdTest {
    private static final long MILLISECOND = 1_000_000;

    @Test
    void firesOnceAfterTheDelay() {
        try (TimerFd timer = TimerFd.create();
                Epoll epoll = Epoll.create()) {
            Epoll.Events events = new Epoll.Events(4);
            epoll.add(timer.fd(), Epoll.IN, 7);
            long start = Clocks.monotonicNanos();
            timer.setNanos(20 * MILLISECOND);
            assertThat(timer.drain()).isZero();
            assertThat(epoll.await(events, 10_000)).isEqualTo(1);
            assertThat(Clocks.monotonicNanos() - start).isGreaterThanOrEqualTo(20 * MILLISECOND);
            assertThat(timer.drain()).isEqualTo(1);
            assertThat(epoll.await(events, 30)).as("one-shot").isZero();
        }
    }

    @Test
    void zeroFiresAtOnce() {
        try (TimerFd timer = TimerFd.create();
                Epoll epoll = Epoll.create()) {
            epoll.add(timer.fd(), Epoll.IN, 0);
            timer.setNanos(0);
            assertThat(epoll.await(new Epoll.Events(1), 10_000)).isEqualTo(1);
        }
    }

    @Test
    void disarmedItDoesNotFire() {
        try (TimerFd timer = TimerFd.create();
                Epoll epoll = Epoll.create()) {
            epoll.add(timer.fd(), Epoll.IN, 0);
            timer.setNanos(20 * MILLISECOND);
            timer.disarm();
            assertThat(epoll.await(new Epoll.Events(1), 60)).isZero();
            assertThat(timer.toString()).contains("timerfd");
        }
    }

    @Test
    void takesMoreThanASecond() {
        try (TimerFd timer = TimerFd.create()) {
            timer.setNanos(3_600_000_000_001L);
            assertThat(timer.drain()).isZero();
        }
    }
}
