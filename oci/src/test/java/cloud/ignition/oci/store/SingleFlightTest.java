package cloud.ignition.oci.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.oci.ImageException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SingleFlightTest {
    private final SingleFlight<String, Integer> flights = new SingleFlight<>();

    @Test
    void concurrentCallersShareOneRun() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch release = new CountDownLatch(1);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            CountDownLatch started = new CountDownLatch(1);
            List<Future<Integer>> results = new ArrayList<>();
            results.add(callers.submit(() -> flights.run("key", () -> {
                started.countDown();
                await(release);
                return runs.incrementAndGet();
            })));
            started.await();
            // This one joins for certain: the first is inside its run and stays there until released below.
            CountDownLatch joining = new CountDownLatch(5);
            for (int i = 0; i < 5; i++) {
                results.add(callers.submit(() -> {
                    joining.countDown();
                    return flights.run("key", runs::incrementAndGet);
                }));
            }
            joining.await();
            assertThat(flights.run("other", () -> 42)).isEqualTo(42);
            release.countDown();
            for (Future<Integer> result : results) {
                // A caller that came after the landing has run by itself: never two at once, in any case.
                assertThat(result.get()).isBetween(1, 6);
            }
            assertThat(results.getFirst().get()).isEqualTo(1);
        }
    }

    @Test
    void failureIsPassedOnAndNotKept() {
        assertThatThrownBy(() -> flights.run("key", () -> {
                    throw new ImageException(ImageException.Kind.HOST, "no");
                }))
                .isInstanceOf(ImageException.class)
                .hasMessage("no");
        assertThat(flights.run("key", () -> 7)).isEqualTo(7);
    }

    @Test
    void followerOfACancelledFlightTriesByItself() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> leader = callers.submit(() -> flights.run("key", () -> {
                started.countDown();
                await(release);
                throw new ImageException(ImageException.Kind.HOST, "the pull was cancelled");
            }));
            started.await();
            Future<Integer> follower = callers.submit(() -> flights.run("key", () -> 7));
            release.countDown();

            assertThat(follower.get()).isEqualTo(7);
            assertThatThrownBy(leader::get).hasRootCauseMessage("the pull was cancelled");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
