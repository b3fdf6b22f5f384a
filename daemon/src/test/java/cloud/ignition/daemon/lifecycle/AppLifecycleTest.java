package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.AppSpec;
import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.CpuLimit;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.vmm.Doorbell;
import cloud.ignition.vmm.DoorbellAnswer;
import cloud.ignition.vmm.MachineExit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class AppLifecycleTest extends OnBench {
    private static final Duration NEVER = Duration.ZERO;
    private static final Duration SOON = Duration.ofMillis(30);

    private static final Services.Timeouts SHORT_PAUSES = new Services.Timeouts(
            Duration.ofMinutes(1), Duration.ofMillis(1500), Duration.ofMillis(20), Duration.ofMillis(200));

    private static AppSpec web(Duration idleAfter, OnIdle onIdle) {
        return Bench.spec("web", idleAfter, onIdle, "18080:80");
    }

    private List<String> log() {
        List<String> lines = new ArrayList<>();
        bench.apps.logs("web", false, -1, line -> lines.add(line.stream().letter() + " " + line.text()));
        return lines;
    }

    @Test
    void aNewAppSleepsBehindItsTrigger() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        AppView view = bench.apps.inspect("web");
        assertThat(view.coldBoots()).isEqualTo(1);
        assertThat(view.wakes()).isZero();
        assertThat(view.residentBytes()).isZero();
        assertThat(view.balloonBytes() + view.givenBackBytes()).isZero();
        assertThat(view.snapshotBytes()).isPositive();
        assertThat(view.address()).isEqualTo("10.88.0.2");
        assertThat(bench.network.link(0).watched()).isTrue();
    }

    @Test
    void aLimitThatTheHostCannotKeepIsRefusedBeforeAnythingIsMade() {
        AppSpec plain = web(NEVER, OnIdle.SUSPEND);
        AppSpec limited = new AppSpec(
                plain.name(),
                "missing",
                plain.vcpus(),
                plain.memoryBytes(),
                new CpuLimit(500),
                plain.net(),
                plain.ports(),
                plain.env(),
                plain.command(),
                plain.entrypoint(),
                plain.user(),
                plain.workdir(),
                plain.trigger(),
                plain.idle(),
                plain.pullAlways());

        assertThatThrownBy(() -> bench.apps.run(limited, step -> {}))
                .isInstanceOf(UserException.class)
                .hasMessage("no limits here");
        assertThat(bench.apps.list()).isEmpty();
    }

    @Test
    void packetsWakeItAndIdlenessSavesIt() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        for (int cycle = 0; cycle < 5; cycle++) {
            bench.network.packet(0);
            FakeMachines.Fake machine = bench.machines.next();
            assertThat(machine.booted).isFalse();
            assertThat(machine.memory).isEqualTo(cycle == 0 ? "fresh" : "cycle " + (cycle - 1));
            machine.memory = "cycle " + cycle;
            machine.expect("resume", "quiesce", "pause", "save", "close");
            bench.await("web", AppState.SLEEPING);
        }
        AppView view = bench.apps.inspect("web");
        assertThat(view.wakes()).isEqualTo(5);
        assertThat(view.coldBoots()).isEqualTo(1);
        assertThat(view.lastWakes()).hasSize(5).allMatch(wake -> !wake.coldBoot());
        assertThat(view.lastWakes().getFirst().stages()).extracting("name").contains("packet-seen", "memory-mapped");
    }

    @Test
    void theSocketToTheGuestIsThereFromTheStartToTheStop() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        Path vsock = bench.apps.inspect("web").vsock();
        assertThat(vsock).exists();
        bench.network.packet(0);
        bench.machines.next().expect("resume");
        bench.await("web", AppState.RUNNING);
        assertThat(vsock).exists();
        bench.apps.stop("web", Duration.ZERO);
        assertThat(vsock).doesNotExist();
        assertThat(vsock.getParent()).exists();
    }

    @Test
    void afterAWakeItIsTakenDownWhichMemoryItRead() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        for (long end = System.nanoTime() + 20_000_000_000L; machine.workingSetsNoted.get() == 0; ) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(1);
        }
        assertThat(machine.running).isTrue();
    }

    @Test
    void manyPacketsMakeOneWake() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        for (int i = 0; i < 50; i++) {
            bench.network.packet(0);
        }
        bench.machines.next().expect("resume");
        AppView view = bench.await("web", AppState.RUNNING);
        assertThat(bench.machines.made).isEmpty();
        assertThat(view.balloonBytes()).isEqualTo(FakeMachines.RECLAIMED.balloonBytes());
        assertThat(view.givenBackBytes()).isEqualTo(FakeMachines.RECLAIMED.givenBackBytes());
    }

    @Test
    void trafficKeepsItAwake() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.lastPacketNanos = System.nanoTime() + 500_000_000L;
        machine.expect("resume", "quiesce");
        assertThat(System.nanoTime()).isGreaterThan(machine.lastPacketNanos);
    }

    @Test
    void aGuestThatDoesNotAnswerTwiceIsPausedByForce() throws InterruptedException {
        bench.close();
        Duration shortly = Duration.ofMillis(20);
        bench = new Bench(root, new Services.Timeouts(Duration.ofMinutes(1), shortly, shortly, shortly));
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.answersQuiesce = false;
        machine.expect("resume", "quiesce", "quiesce", "pause", "save", "close");
        assertThat(machine.ring(Doorbell.Kind.QUIESCED)).isEqualTo(DoorbellAnswer.CONTINUE);
        bench.await("web", AppState.SLEEPING);
    }

    @Test
    void aMachineThatIsSavedOnlyAtRestStaysAwakeAndIsAskedEverLater() throws InterruptedException {
        bench.close();
        Duration shortly = Duration.ofMillis(20);
        bench = new Bench(root, new Services.Timeouts(Duration.ofMinutes(1), shortly, shortly, Duration.ofMillis(200)));
        bench.runToSleep(web(Duration.ofMillis(150), OnIdle.SUSPEND));
        long begin = System.nanoTime();
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.answersQuiesce = false;
        machine.savesOnlyAtRest = true;
        machine.memory = "at rest";
        machine.expect("resume", "quiesce", "quiesce", "quiesce"); // and neither paused nor saved meanwhile
        assertThat(System.nanoTime() - begin)
                .as("150 ms idle, then pauses of 200 and 400 ms")
                .isGreaterThan(750_000_000L);
        assertThat(log())
                .filteredOn(line -> line.contains("did not come to rest in time; stays awake"))
                .hasSizeGreaterThan(1);
        machine.answersQuiesce = true; // the last request or the next
        String call = machine.call();
        while (call.equals("quiesce")) {
            call = machine.call();
        }
        assertThat(call).isEqualTo("pause");
        machine.expect("save", "close");
        bench.await("web", AppState.SLEEPING);
        bench.network.packet(0);
        assertThat(bench.machines.next().memory).isEqualTo("at rest");
    }

    @Test
    void aGuestWithWorkStaysAwakeUntilItIsDone() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.atWork = 1;
        machine.expect("resume", "quiesce", "pause", "resume");
        machine.atWork = 0;
        machine.expect("quiesce", "pause", "save", "close");
        bench.await("web", AppState.SLEEPING);
    }

    @Test
    void aPacketDuringTheSuspensionKeepsItAwake() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.answersQuiesce = false;
        machine.expect("resume", "quiesce");
        machine.lastPacketNanos = System.nanoTime();
        assertThat(machine.ring(Doorbell.Kind.QUIESCED)).isEqualTo(DoorbellAnswer.HOLD);
        machine.expect("pause", "resume", "quiesce");
        assertThat(machine.ring(Doorbell.Kind.QUIESCED)).isEqualTo(DoorbellAnswer.HOLD);
        machine.expect("pause", "save", "close");
        bench.await("web", AppState.SLEEPING);
    }

    @Test
    void discardGoesBackToTheReadySnapshot() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.DISCARD));
        for (int cycle = 0; cycle < 2; cycle++) {
            bench.network.packet(0);
            FakeMachines.Fake machine = bench.machines.next();
            assertThat(machine.memory).isEqualTo("fresh");
            machine.memory = "changed";
            machine.expect("resume", "close");
            bench.await("web", AppState.SLEEPING);
        }
    }

    @Test
    void aRefusedSnapshotBecomesAColdBootThatAnswers() throws Exception {
        FakeMachines.Fake first = bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        assertThat(first.booted).isTrue();
        Path snapshots = root.resolve("state/apps")
                .resolve(bench.apps.inspect("web").id())
                .resolve("snapshots");
        java.nio.file.Files.writeString(snapshots.resolve("1/memory"), "");
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        assertThat(machine.booted).isTrue();
        machine.expect("resume");
        assertThat(bench.network.heldBack).hasSize(1);
        machine.ring(Doorbell.Kind.LISTEN);
        machine.expect("pause", "save", "resume");
        AppView view = bench.await("web", AppState.RUNNING);
        assertThat(bench.network.heldBack).isEmpty();
        assertThat(view.coldBoots()).isEqualTo(2);
        assertThat(view.lastWakes()).singleElement().matches(wake -> wake.coldBoot());
        assertThat(view.refusedSnapshots())
                .singleElement()
                .asString()
                .startsWith(snapshots + "/refused-2")
                .satisfies(aside -> assertThat(Path.of(aside)).isDirectory());
        assertThat(log())
                .filteredOn(line -> line.contains("refused"))
                .singleElement()
                .asString()
                .contains("snapshot refused, cold boot instead: ", "is damaged", "; set aside as refused-");
    }

    @Test
    void aWakeThatTheHostRefusesIsTriedAgain() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        bench.machines.restoreFailure = new IllegalStateException("no memory for a machine");
        bench.network.packet(0);
        for (long end = System.nanoTime() + 20_000_000_000L;
                bench.apps.inspect("web").message().isEmpty() && System.nanoTime() < end; ) {
            Thread.sleep(1);
        }
        assertThat(bench.apps.inspect("web").message()).contains("no memory for a machine; trying again");
        bench.machines.restoreFailure = null;
        bench.network.packet(0);
        bench.machines.next().expect("resume");
        bench.await("web", AppState.RUNNING);
    }

    @Test
    void aSaveThatFailsLeavesItRunningAndTheOldSnapshotValid() throws InterruptedException {
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.memory = "lost";
        machine.saveFails = true;
        machine.expect("resume", "quiesce", "pause", "save", "resume");
        assertThat(bench.apps.inspect("web").message())
                .contains("No space left on device", "the former snapshot stays valid");
        machine.saveFails = false;
        machine.memory = "kept";
        while (!machine.call().equals("close")) {
            assertThat(machine.closed).isFalse();
        }
        AppView asleep = bench.await("web", AppState.SLEEPING);
        assertThat(asleep.message()).isEmpty();
        bench.network.packet(0);
        assertThat(bench.machines.next().memory).isEqualTo("kept");
    }

    @Test
    void savesThatFailAreTriedAgainEverLater() throws InterruptedException {
        bench.close();
        bench = new Bench(root, SHORT_PAUSES);
        bench.runToSleep(web(SOON, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        machine.saveFails = true;
        machine.expect("resume", "quiesce", "pause", "save", "resume");
        long failed = System.nanoTime();
        machine.expect("quiesce", "pause", "save", "resume");
        assertThat(System.nanoTime() - failed).isGreaterThan(150_000_000L);
        machine.expect("quiesce");
        assertThat(System.nanoTime() - failed).isGreaterThan(500_000_000L);
        assertThat(root.resolve("state/apps")
                        .resolve(bench.apps.inspect("web").id())
                        .resolve("snapshots/1"))
                .isDirectory();
    }

    @Test
    void anAppWithoutASnapshotThatCannotBeSavedStaysAwake() throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(web(NEVER, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        machine.saveFails = true;
        machine.ring(Doorbell.Kind.LISTEN);
        machine.expect("resume", "pause", "save", "resume");
        assertThat(run.join().state()).isEqualTo(AppState.RUNNING);
        assertThat(bench.apps.inspect("web").message()).contains("No space left on device; stays awake");
    }

    @Test
    void stopSendsTheImagesSignalAndWaits() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        bench.await("web", AppState.RUNNING);
        CompletableFuture<AppView> stop =
                CompletableFuture.supplyAsync(() -> bench.apps.stop("web", Duration.ofSeconds(20)));
        machine.expect("resume", "console signal 3");
        machine.print("x exit 0\n");
        machine.end(MachineExit.Kind.POWER_OFF);
        AppView view = stop.join();
        assertThat(view.state()).isEqualTo(AppState.STOPPED);
        assertThat(view.exitCode()).contains(0);
        assertThat(view.snapshotBytes()).isZero();
        assertThat(bench.network.links).isEmpty();
        assertThat(bench.network.stillReserved()).isEmpty();
        assertThat(machine.closed).isTrue();
    }

    @Test
    void stopPowersOffAfterItsGrace() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        bench.await("web", AppState.RUNNING);
        assertThat(bench.apps.stop("web", Duration.ofMillis(30)).state()).isEqualTo(AppState.STOPPED);
        assertThat(machine.closed).isTrue();
    }

    @Test
    void aStoppedAppStartsAgainFromItsImage() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        assertThat(bench.apps.stop("web", Duration.ZERO).state()).isEqualTo(AppState.STOPPED);
        CompletableFuture<AppView> start = CompletableFuture.supplyAsync(() -> bench.apps.start("web", Progress.NONE));
        FakeMachines.Fake machine = bench.machines.next();
        assertThat(machine.booted).isTrue();
        machine.expect("resume");
        machine.ring(Doorbell.Kind.LISTEN);
        assertThat(start.join().state()).isEqualTo(AppState.SLEEPING);
        assertThat(bench.apps.start("web", Progress.NONE).state()).isEqualTo(AppState.SLEEPING);
    }

    @Test
    void aFailingApplicationIsReportedWithItsLastWords() throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(web(NEVER, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        machine.print("o starting\ne cannot bind: in use\nx exit 3\n");
        machine.end(MachineExit.Kind.POWER_OFF);
        assertThatThrownBy(run::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(UserException.class)
                .hasMessageContaining(
                        "app web: the application ended with exit code 3; last output: cannot bind: in use");
        AppView view = bench.apps.inspect("web");
        assertThat(view.state()).isEqualTo(AppState.EXITED);
        assertThat(view.exitCode()).contains(3);
        assertThat(log()).contains("o starting", "e cannot bind: in use");
        assertThat(bench.network.stillReserved()).isEmpty();
    }

    @Test
    void aShortApplicationThatSucceedsIsNoError() throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(web(NEVER, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        machine.print("o hello\nx exit 0\n");
        machine.end(MachineExit.Kind.POWER_OFF);
        assertThat(run.join().state()).isEqualTo(AppState.EXITED);
    }

    @Test
    void whatNeverRanLeavesNothing() {
        assertThatThrownBy(() -> bench.apps.run(AppSpec.of("web", "missing"), Progress.NONE))
                .hasMessage("image 'missing' does not exist");
        assertThat(bench.apps.list()).isEmpty();
        bench.machines.bootFailure = UserException.unavailable("no KVM on this host");
        assertThatThrownBy(() -> bench.apps.run(web(NEVER, OnIdle.SUSPEND), Progress.NONE))
                .hasMessage("no KVM on this host");
        assertThat(bench.apps.list()).isEmpty();
        assertThat(bench.network.links).isEmpty();
        assertThat(bench.network.stillReserved()).isEmpty();
        assertThat(root.resolve("state/apps")).isEmptyDirectory();
    }

    @Test
    void namesAndPortsAreTakenOnce() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        assertThatThrownBy(() -> bench.apps.run(AppSpec.of("web", "localhost/x"), Progress.NONE))
                .hasMessageContaining("app name 'web' is taken");
        assertThatThrownBy(() -> bench.apps.run(Bench.spec("two", NEVER, OnIdle.SUSPEND, "18080:80"), Progress.NONE))
                .hasMessageContaining("already published");
        assertThat(bench.apps.list()).hasSize(1);
    }

    @Test
    void removesOnlyWithForceWhatIsUp() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        String id = bench.apps.inspect("web").id();
        assertThatThrownBy(() -> bench.apps.remove("web", false)).hasMessageContaining("--force");
        bench.apps.remove(id, true);
        assertThat(bench.apps.list()).isEmpty();
        assertThat(root.resolve("state/apps")).isEmptyDirectory();
        assertThatThrownBy(() -> bench.apps.inspect("web")).hasMessageContaining("there is no app 'web'");
    }

    @Test
    void aTriggerThatComesLateStillMakesTheSnapshot() throws InterruptedException {
        bench.close();
        bench = new Bench(
                root,
                new Services.Timeouts(
                        Duration.ofMillis(20), Duration.ofMillis(100), Duration.ofMillis(20), Duration.ofMillis(20)));
        CompletableFuture<AppView> run = bench.runLater(web(NEVER, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        AppView view = run.join();
        assertThat(view.state()).isEqualTo(AppState.RUNNING);
        assertThat(view.message()).contains("no first-listen within");
        assertThat(machine.ring(Doorbell.Kind.LISTEN)).isEqualTo(DoorbellAnswer.HOLD);
        machine.expect("resume", "pause", "save", "close");
        bench.await("web", AppState.SLEEPING);
    }

    @Test
    void laterListensDoNotHoldTheGuest() throws InterruptedException {
        bench.runToSleep(web(NEVER, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        bench.await("web", AppState.RUNNING);
        assertThat(machine.ring(Doorbell.Kind.LISTEN)).isEqualTo(DoorbellAnswer.CONTINUE);
        assertThat(machine.ring(Doorbell.Kind.QUIESCED)).isEqualTo(DoorbellAnswer.CONTINUE);
        assertThat(bench.apps.inspect("web").state()).isEqualTo(AppState.RUNNING);
    }
}
