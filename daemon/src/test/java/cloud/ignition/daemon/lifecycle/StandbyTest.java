package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.IdlePolicy;
import cloud.ignition.daemon.app.OnIdle;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StandbyTest extends OnBench {
    private static final Duration SOON = Duration.ofMillis(30);
    private static final Duration LONG = Duration.ofHours(1);

    @AfterEach
    @Override
    void close() {
        super.close();
        assertThat(bench.standbys.size()).as("places left").isZero();
    }

    private static AppSpec app(String name, Duration standby, OnIdle then) {
        return Bench.spec(name, new IdlePolicy(SOON, standby, then));
    }

    /** Brings an app from its first sleep into standby. */
    private FakeMachines.Fake standBy(AppSpec spec, int index) throws InterruptedException {
        bench.runToSleep(spec);
        return wakeToStandby(spec.name(), index);
    }

    private FakeMachines.Fake wakeToStandby(String name, int index) throws InterruptedException {
        bench.network.packet(index);
        FakeMachines.Fake machine = bench.machines.next();
        machine.memory = "used";
        machine.expect("resume", "quiesce", "pause");
        bench.await(name, AppState.STANDBY);
        return machine;
    }

    @Test
    void packetsLetTheSameMachineGoOnAgainAndAgain() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", LONG, OnIdle.SUSPEND), 0);
        for (int i = 0; i < 3; i++) {
            assertThat(bench.apps.inspect("web").residentBytes()).isPositive();
            bench.network.packet(0);
            machine.expect("go on", "quiesce", "pause");
            bench.await("web", AppState.STANDBY);
        }
        AppView view = bench.apps.inspect("web");
        assertThat(view.wakes()).isEqualTo(4);
        assertThat(view.coldBoots()).isEqualTo(1);
        assertThat(view.lastWakes().getLast().stages()).extracting("name").contains("packet-seen", "vcpu-entered");
        assertThat(machine.calls).isEmpty();
    }

    @Test
    void whenItsTimeIsOverItIsSaved() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", Duration.ofMillis(50), OnIdle.SUSPEND), 0);
        machine.expect("save", "close");
        bench.await("web", AppState.SLEEPING);
        bench.network.packet(0);
        assertThat(bench.machines.next().memory).isEqualTo("used");
    }

    @Test
    void whatIsDiscardedStandsByBefore() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", Duration.ofMillis(50), OnIdle.DISCARD), 0);
        machine.expect("close");
        bench.await("web", AppState.SLEEPING);
        bench.network.packet(0);
        assertThat(bench.machines.next().memory).isEqualTo("fresh");
    }

    @Test
    void aSaveThatFailsLetsItGoOn() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", LONG, OnIdle.SUSPEND), 0);
        machine.saveFails = true;
        bench.standbys.memoryIsShort();
        machine.expect("save", "resume");
        bench.await("web", AppState.RUNNING);
    }

    @Test
    void theLeastRecentlyUsedGoesFirstWhenMemoryIsShort() throws InterruptedException {
        FakeMachines.Fake first = standBy(app("first", LONG, OnIdle.SUSPEND), 0);
        bench.runToSleep(app("second", LONG, OnIdle.SUSPEND));
        bench.network.packet(1);
        FakeMachines.Fake second = bench.machines.next();
        second.lastPacketNanos = System.nanoTime();
        second.expect("resume", "quiesce", "pause");
        bench.await("second", AppState.STANDBY);

        bench.standbys.memoryIsShort();

        first.expect("save", "close");
        bench.await("first", AppState.SLEEPING);
        assertThat(bench.apps.inspect("second").state()).isEqualTo(AppState.STANDBY);
        assertThat(second.calls).isEmpty();
        // and for a while nobody else comes in
        bench.network.packet(0);
        bench.machines.next().expect("resume", "quiesce", "pause", "save", "close");
    }

    @Test
    void aStopAsksTheApplicationAsEver() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", LONG, OnIdle.SUSPEND), 0);
        CompletableFuture<AppView> stop =
                CompletableFuture.supplyAsync(() -> bench.apps.stop("web", Duration.ofSeconds(20)));
        machine.expect("go on", "console signal 3");
        machine.print("x exit 0\n");
        machine.end(cloud.ignition.vmm.MachineExit.Kind.POWER_OFF);
        assertThat(stop.join().state()).isEqualTo(AppState.STOPPED);
    }

    @Test
    void removingItLeavesNothing() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", LONG, OnIdle.SUSPEND), 0);
        bench.apps.remove("web", true);
        machine.expect("close");
        assertThat(bench.standbys.size()).isZero();
    }

    @Test
    void theDaemonsEndSavesIt() throws InterruptedException {
        FakeMachines.Fake machine = standBy(app("web", LONG, OnIdle.SUSPEND), 0);
        bench.apps.shutdown();
        machine.expect("save", "close");
    }
}
