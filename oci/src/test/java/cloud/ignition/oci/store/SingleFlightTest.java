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
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SingleFlightTest {
    private final SingleFlight<String, Integer> flights = new SingleFlight<>();

    @Test
    void neverTwoRunsAtOnceAndFollowersGetTheLeadersResult() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger runs = new AtomicInteger();
        try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                results.add(callers.submit(() -> flights.run("key", () -> {
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    int run = runs.incrementAndGet();
                    Thread.onSpinWait();
                    inside.decrementAndGet();
                    return run;
                })));
            }
            int last = 0;
            for (Future<Integer> result : results) {
                last = Math.max(last, result.get());
            }
            assertThat(most).hasValue(1);
            assertThat(last).isEqualTo(runs.get());
        }
    }

    @Test
    void followerWaitsForTheRunThatIsUnderWay() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> leader = callers.submit(() -> flights.run("key", () -> {
                started.countDown();
                await(release);
                return 1;
            }));
            started.await();
            FutureTask<Integer> followed = new FutureTask<>(() -> flights.run("key", () -> 2));
            Thread follower = Thread.ofPlatform().start(followed);
            while (follower.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            assertThat(flights.run("other", () -> 42)).isEqualTo(42);
            release.countDown();
            assertThat(leader.get()).isEqualTo(1);
            assertThat(followed.get()).isEqualTo(1);
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
