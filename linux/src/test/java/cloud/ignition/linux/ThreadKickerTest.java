package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ThreadKickerTest {
    @Test
    void aThreadThatWaitsWithoutEndGetsOut() throws Exception {
        CompletableFuture<ThreadKicker> kicker = new CompletableFuture<>();
        CompletableFuture<Integer> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try (Epoll epoll = Epoll.create()) {
                kicker.complete(ThreadKicker.current());
                result.complete(epoll.await(new Epoll.Events(1), -1));
            }
        });
        Kicks.until(kicker.get(), result);
        assertThat(result.get()).isZero();
    }

    @Test
    void aKickOfAnEndedThreadDoesNothing() throws Exception {
        CompletableFuture<ThreadKicker> kicker = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().start(() -> kicker.complete(ThreadKicker.current()));
        thread.join();
        kicker.get().kick();
        assertThat(kicker.get().toString()).isEqualTo("thread " + kicker.get().tid());
    }

    @Test
    void aKickDoesNotDisturbAThreadOutsideOfACall() {
        ThreadKicker self = ThreadKicker.current();
        for (int i = 0; i < 1000; i++) {
            self.kick();
        }
        assertThat(self.tid()).isEqualTo(ThreadKicker.current().tid());
    }

    @Test
    void readsAreRepeatedAfterAKick() throws Exception {
        // A kick in the middle of reading a blocking descriptor is invisible: the read goes on until data comes.
        try (Fd blocking = blockingEventFd()) {
            CompletableFuture<ThreadKicker> kicker = new CompletableFuture<>();
            CompletableFuture<Long> result = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                kicker.complete(ThreadKicker.current());
                try (var arena = Arena.ofConfined()) {
                    result.complete(blocking.read(arena.allocate(8)));
                }
            });
            for (int i = 0; i < 20; i++) {
                kicker.get().kick();
                assertThat(result).isNotDone();
                TimeUnit.MILLISECONDS.sleep(2);
            }
            try (var arena = Arena.ofConfined()) {
                blocking.write(arena.allocateFrom(JAVA_LONG, 1L));
            }
            assertThat(result.get(10, TimeUnit.SECONDS)).isEqualTo(8);
        }
    }

    @Test
    void virtualThreadsCannotBeKicked() throws Exception {
        CompletableFuture<Throwable> error = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                ThreadKicker.current();
                error.complete(new AssertionError("no exception"));
            } catch (IllegalStateException e) {
                error.complete(e);
            }
        });
        assertThat(error.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("platform thread");
    }

    private static Fd blockingEventFd() {
        return Fd.adopt(LinuxException.check(LibC.eventfd(0, EventFd.EFD_CLOEXEC), "eventfd"), "blocking eventfd");
    }
}
