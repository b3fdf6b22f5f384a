package cloud.ignition.vmm.event;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class EventLoopTest {
    @Test
    void runsHandlersOnlyWhileItIsNotParked() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger drained = new AtomicInteger();
        try (EventFd event = EventFd.create();
                EventLoop loop = new EventLoop("test", drained::incrementAndGet, (t, e) -> {})) {
            CountDownLatch first = new CountDownLatch(1);
            loop.watch(event.fd(), Epoll.IN, events -> {
                event.drain();
                runs.incrementAndGet();
                first.countDown();
            });
            loop.start();
            event.signal();
            loop.park();
            assertThat(runs).hasValue(0);
            loop.resume();
            assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
            loop.park();
            assertThat(drained).hasPositiveValue();
            int before = runs.get();
            event.signal();
            loop.park();
            assertThat(runs).hasValue(before);
        }
    }

    @Test
    void survivesAHandlerThatThrows() throws InterruptedException {
        CountDownLatch failures = new CountDownLatch(2);
        try (EventFd event = EventFd.create();
                EventLoop loop = new EventLoop("test", () -> {}, (t, e) -> failures.countDown())) {
            loop.watch(event.fd(), Epoll.IN, events -> {
                if (failures.getCount() == 1) {
                    event.drain();
                }
                throw new IllegalStateException("on purpose");
            });
            loop.start();
            loop.resume();
            event.signal();
            assertThat(failures.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closesWithoutEverRunning() {
        EventLoop loop = new EventLoop("test", () -> {}, (t, e) -> {});
        loop.close();
        EventLoop started = new EventLoop("test", () -> {}, (t, e) -> {});
        started.start();
        started.close();
    }
}
