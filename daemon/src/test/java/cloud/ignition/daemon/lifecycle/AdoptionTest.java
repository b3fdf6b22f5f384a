package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.vmm.Doorbell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that ends, by SIGTERM or by kill, and the next one on the same state directory. */
@Timeout(60)
class AdoptionTest {
    private static final Duration NEVER = Duration.ZERO;

    @TempDir
    Path root;

    @Test
    void asleepWhenKilledWakesInTheNextDaemon() throws InterruptedException {
        try (Bench next =
                killedAfter(bench -> bench.runToSleep(Bench.spec("web", NEVER, OnIdle.SUSPEND, "18080:80")))) {
            AppView view = next.apps.inspect("web");
            assertThat(view.state()).isEqualTo(AppState.SLEEPING);
            assertThat(next.network.stillReserved()).containsExactly("web 18080:80");
            next.network.packet(0);
            assertThat(next.machines.next().booted).isFalse();
        }
    }

    @Test
    void awakeWhenKilledWakesFromItsLastSnapshot() throws InterruptedException {
        try (Bench next = killedAfter(bench -> {
            bench.runToSleep(Bench.spec("web", NEVER, OnIdle.SUSPEND));
            bench.network.packet(0);
            bench.machines.next().memory = "never saved";
            bench.await("web", AppState.RUNNING);
        })) {
            assertThat(next.apps.inspect("web").state()).isEqualTo(AppState.SLEEPING);
            next.network.packet(0);
            assertThat(next.machines.next().memory).isEqualTo("fresh");
        }
    }

    @Test
    void bootingWhenKilledBootsOnTheNextPacket() throws InterruptedException {
        try (Bench next = killedAfter(bench -> {
            CompletableFuture<AppView> run = bench.runLater(Bench.spec("web", NEVER, OnIdle.SUSPEND));
            bench.machines
                    .next()
                    .expect("resume"); // else the killed daemon, which goes on in a test, could meet its ended timer
            bench.await("web", AppState.BOOTING);
            assertThat(run).isNotDone();
        })) {
            AppView view = next.apps.inspect("web");
            assertThat(view.state()).isEqualTo(AppState.SLEEPING);
            next.network.packet(0);
            FakeMachines.Fake machine = next.machines.next();
            assertThat(machine.booted).isTrue();
            machine.ring(Doorbell.Kind.LISTEN);
            next.await("web", AppState.RUNNING);
        }
    }

    @Test
    void stoppedStaysStopped() throws InterruptedException {
        try (Bench next = killedAfter(bench -> {
            bench.runToSleep(Bench.spec("web", NEVER, OnIdle.SUSPEND));
            bench.apps.stop("web", Duration.ZERO);
        })) {
            assertThat(next.apps.inspect("web").state()).isEqualTo(AppState.STOPPED);
            assertThat(next.network.links).isEmpty();
            // Its address is its own still.
            next.runToSleep(Bench.spec("two", NEVER, OnIdle.SUSPEND));
            assertThat(next.apps.inspect("two").address()).isEqualTo("10.88.0.6");
        }
    }

    @Test
    void aSnapshotThatIsNotWholeIsSetAsideAtOnce() throws InterruptedException {
        try (Bench next = killedAfter(bench -> {
            bench.runToSleep(Bench.spec("web", NEVER, OnIdle.SUSPEND));
            try {
                Files.delete(root.resolve("state/apps")
                        .resolve(bench.apps.inspect("web").id())
                        .resolve("snapshots/1/memory"));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        })) {
            AppView view = next.apps.inspect("web");
            assertThat(view.state()).isEqualTo(AppState.SLEEPING);
            assertThat(view.message()).contains("snapshot refused, cold boot instead");
            next.network.packet(0);
            assertThat(next.machines.next().booted).isTrue();
        }
    }

    @Test
    void theOneBeforeADamagedNewestIsUsed() throws InterruptedException {
        try (Bench next = killedAfter(bench -> {
            bench.runToSleep(Bench.spec("web", NEVER, OnIdle.SUSPEND));
            try {
                // Killed between the rename of a new snapshot and the removal of the one before, then the disk fails.
                Files.createDirectories(root.resolve("state/apps")
                        .resolve(bench.apps.inspect("web").id())
                        .resolve("snapshots/2"));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        })) {
            assertThat(next.apps.inspect("web").refusedSnapshots()).hasSize(1);
            next.network.packet(0);
            FakeMachines.Fake machine = next.machines.next();
            assertThat(machine.booted).isFalse();
            assertThat(machine.memory).isEqualTo("fresh");
        }
    }

    @Test
    void shutdownKeepsTheFormerSnapshotOfAMachineThatDoesNotComeToRest() throws InterruptedException {
        Bench first = new Bench(root);
        first.runToSleep(Bench.spec("busy", NEVER, OnIdle.SUSPEND));
        first.network.packet(0);
        FakeMachines.Fake machine = first.machines.next();
        first.await("busy", AppState.RUNNING);
        machine.memory = "in the middle of something";
        machine.answersQuiesce = false;
        machine.savesOnlyAtRest = true;
        first.close();
        machine.expect("resume", "quiesce", "close");

        try (Bench next = new Bench(root)) {
            List<String> lines = new ArrayList<>();
            next.apps.logs("busy", false, -1, line -> lines.add(line.text()));
            assertThat(lines)
                    .contains("guest did not come to rest in time; not saved; the former snapshot stays valid");
            next.network.packet(0);
            assertThat(next.machines.next().memory).isEqualTo("fresh");
        }
    }

    @Test
    void shutdownSavesWhatRunsAndWakesNothingMore() throws InterruptedException {
        Bench first = new Bench(root);
        first.runToSleep(Bench.spec("awake", NEVER, OnIdle.SUSPEND));
        first.runToSleep(Bench.spec("asleep", NEVER, OnIdle.SUSPEND));
        first.network.packet(0);
        FakeMachines.Fake machine = first.machines.next();
        first.await("awake", AppState.RUNNING);
        machine.memory = "at shutdown";
        machine.atWork = 1; // there is no later time to wait for
        CompletableFuture<AppView> booting = first.runLater(Bench.spec("booting", NEVER, OnIdle.SUSPEND));
        first.machines.next();
        first.await("booting", AppState.BOOTING);
        first.close();
        machine.expect("resume", "quiesce", "pause", "save", "close");
        assertThat(first.machines.open()).isZero();
        assertThatThrownBy(booting::join).hasMessageContaining("the daemon shuts down");
        first.network.packet(1);
        assertThat(first.machines.made).isEmpty();

        try (Bench next = new Bench(root)) {
            assertThat(next.apps.list()).extracting(AppView::state).containsOnly(AppState.SLEEPING);
            next.network.packet(0);
            assertThat(next.machines.next().memory).isEqualTo("at shutdown");
        }
    }

    private interface Part {
        void play(Bench bench) throws InterruptedException;
    }

    private Bench killedAfter(Part part) throws InterruptedException {
        Bench first = new Bench(root);
        part.play(first);
        first.kill();
        return new Bench(root);
    }
}
