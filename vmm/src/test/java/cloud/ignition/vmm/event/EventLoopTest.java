package cloud.ignition.vmm.event;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.EventFd;
import cloud.ignition.linux.Fd;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class EventLoopTest {
    @Test
    void runsHandlersOnlyWhileItIsNotParked() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger drained = new AtomicInteger();
        try (EventFd event = EventFd.create();
                EventLoop loop = serving(drained::incrementAndGet, failure -> {})) {
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
    void tellsOfEachResumeBeforeItDoesAnythingElse() throws InterruptedException {
        AtomicInteger resumes = new AtomicInteger();
        Semaphore kicks = new Semaphore(0);
        try (EventFd event = EventFd.create();
                EventLoop loop = new EventLoop("test")) {
            AtomicInteger seen = new AtomicInteger();
            loop.serve(() -> {}, resumes::incrementAndGet, failure -> {});
            loop.onFirstResume(() -> assertThat(resumes).hasValue(0));
            loop.watch(event.fd(), Epoll.IN, events -> {
                event.drain();
                seen.set(resumes.get());
                kicks.release();
            });
            loop.start();
            for (int round = 1; round <= 3; round++) {
                event.signal();
                loop.resume();
                assertThat(kicks.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
                assertThat(seen).hasValue(round);
                loop.park();
            }
            assertThat(resumes).hasValue(3);
        }
    }

    @Test
    void survivesAHandlerThatThrows() throws InterruptedException {
        CountDownLatch failures = new CountDownLatch(2);
        try (EventFd event = EventFd.create();
                EventLoop loop = serving(() -> {}, failure -> failures.countDown())) {
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

    /** A pipe without a writer is ready whatever it is watched for, like a tap whose interface was deleted. */
    @Test
    void hearsOfAHangUpOnlyWhileItWatches(@TempDir Path directory) throws Exception {
        Path fifo = directory.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        AtomicInteger hangUps = new AtomicInteger();
        Semaphore rounds = new Semaphore(0);
        try (Fd pipe = Fd.open(fifo.toString(), Fd.O_RDONLY | Fd.O_NONBLOCK | Fd.O_CLOEXEC, 0);
                EventFd poke = EventFd.create();
                EventLoop loop = new EventLoop("test")) {
            Fd.open(fifo.toString(), Fd.O_WRONLY | Fd.O_CLOEXEC, 0).close();
            AtomicReference<EventLoop.Watch> watch = new AtomicReference<>();
            watch.set(loop.watch(pipe, 0, events -> {
                assertThat(events & Epoll.HUP).isNotZero();
                hangUps.incrementAndGet();
                watch.get().interest(0);
            }));
            loop.watch(poke.fd(), Epoll.IN, events -> {
                poke.drain();
                rounds.release();
            });
            loop.start();
            loop.resume();
            for (int round = 0; round < 3; round++) {
                poke.signal();
                rounds.acquire();
            }
            loop.park();
            assertThat(hangUps).hasValue(0);
            watch.get().interest(Epoll.IN);
            watch.get().interest(Epoll.IN | Epoll.RDHUP);
            loop.resume();
            for (int round = 0; round < 3; round++) {
                poke.signal();
                rounds.acquire();
            }
            loop.park();
            assertThat(hangUps).hasValue(1);
        }
    }

    private static EventLoop serving(Runnable drain, Consumer<Throwable> failures) {
        EventLoop loop = new EventLoop("test");
        loop.serve(drain, () -> {}, failures);
        return loop;
    }

    @Test
    void canBeToldWhomItServesWhenItIsParkedAlready() throws InterruptedException {
        Semaphore kicks = new Semaphore(0);
        Semaphore failures = new Semaphore(0);
        try (EventFd event = EventFd.create();
                EventLoop loop = new EventLoop("test")) {
            loop.start();
            event.signal();
            loop.watch(event.fd(), Epoll.IN, events -> {
                event.drain();
                kicks.release();
                throw new IllegalStateException("on purpose");
            });
            loop.serve(() -> {}, () -> {}, failure -> failures.release());
            loop.resume();
            assertThat(kicks.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
            assertThat(failures.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void closesWithoutEverRunning() {
        EventLoop loop = new EventLoop("test");
        loop.close();
        EventLoop started = new EventLoop("test");
        started.start();
        started.close();
    }
}
