package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.OnIdle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SavingTest extends OnBench {
    private static final AppSpec APP = Bench.spec("web", Duration.ofMillis(30), OnIdle.SUSPEND);
    private static final long MANY = 1L << 30;

    private FakeMachines.Fake wake() throws InterruptedException {
        bench.network.packet(0);
        return bench.machines.next();
    }

    /** Runs an app that changes much until its snapshot begins to be compacted, by a thread that then does something first. */
    private void sleepUpToACompaction(Runnable before) throws InterruptedException {
        bench.runToSleep(APP);
        CountDownLatch begun = new CountDownLatch(1);
        bench.machines.duringCompaction = () -> {
            begun.countDown();
            before.run();
        };
        FakeMachines.Fake machine = wake();
        machine.changedBytes = MANY;
        machine.expect("resume", "quiesce", "pause", "save", "close");
        begun.await();
    }

    private List<String> shelf() throws IOException {
        Path directory = bench.state.app(bench.apps.inspect("web").id()).resolve("snapshots");
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aPacketWhileItIsSavedLetsItGoOn() throws Exception {
        bench.runToSleep(APP);
        FakeMachines.Fake machine = wake();
        machine.duringSave = () -> {
            machine.duringSave = () -> {};
            bench.network.packet(0);
        };
        machine.expect("resume", "quiesce", "pause", "save", "resume", "quiesce", "pause", "save", "close");
        AppView view = bench.await("web", AppState.SLEEPING);
        assertThat(view.wakes()).isEqualTo(1);
        assertThat(view.message()).isEmpty();
        assertThat(shelf()).containsExactly("2");
    }

    @Test
    void aPacketDoesNotKeepAnEndingDaemonFromSaving() throws Exception {
        bench.runToSleep(Bench.spec("web", Duration.ZERO, OnIdle.SUSPEND));
        FakeMachines.Fake machine = wake();
        machine.duringSave = () -> bench.network.packet(0);
        bench.await("web", AppState.RUNNING);
        bench.apps.shutdown();
        machine.expect("resume", "quiesce", "pause", "save", "close");
        assertThat(shelf()).containsExactly("2");
    }

    @Test
    void manyChangesAreCompactedWhileItSleeps() throws Exception {
        sleepUpToACompaction(() -> {});
        while (!shelf().equals(List.of("3"))) {
            Thread.sleep(1);
        }
        assertThat(wake().memory).isEqualTo("fresh, compacted");
    }

    @Test
    void aWakeGoesOnFromTheSnapshotThatThereIs() throws Exception {
        CountDownLatch woken = new CountDownLatch(1);
        sleepUpToACompaction(() -> await(woken));
        FakeMachines.Fake next = wake();
        assertThat(next.memory).isEqualTo("fresh");
        bench.await("web", AppState.RUNNING);
        woken.countDown();
        next.expect("resume", "quiesce", "pause", "save", "close");
        bench.await("web", AppState.SLEEPING);
        assertThat(shelf()).containsExactly("3");
    }

    @Test
    void removingTheAppEndsIt() throws Exception {
        sleepUpToACompaction(() -> {});
        Path directory = bench.state.app(bench.apps.inspect("web").id());
        bench.apps.remove("web", true);
        assertThat(directory).doesNotExist();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
