package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.AppState;
import cloud.ignition.daemon.app.AppView;
import cloud.ignition.daemon.app.GuestEnd;
import cloud.ignition.daemon.app.OnIdle;
import cloud.ignition.daemon.app.Progress;
import cloud.ignition.daemon.app.UserException;
import cloud.ignition.vmm.MachineExit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each way a guest can end by itself becomes its own event, and none of them starts the app again. */
class EndingsTest extends OnBench {
    private static final String PANIC = "Kernel panic - not syncing: sysrq triggered crash";

    @ParameterizedTest
    @CsvSource({
        "POWER_OFF, EXITED, POWER_OFF, the guest powered itself off",
        "REBOOT, EXITED, REBOOT, the guest rebooted; it stays down",
        "PANIC, FAILED, PANIC, the guest's kernel panicked",
        "TRIPLE_FAULT, FAILED, TRIPLE_FAULT, the guest triple-faulted",
        "FAILED, FAILED, FAILURE, the machine failed: test",
    })
    void anEndOfAWokenGuest(MachineExit.Kind exit, AppState state, GuestEnd.Kind kind, String message)
            throws InterruptedException {
        wokenMachine().end(exit);
        AppView view = bench.await("web", state);
        assertThat(view.message()).startsWith(message);
        assertThat(view.exitCode()).isEmpty();
        assertThat(view.ending()).contains(new GuestEnd(kind, List.of("reboot: last words")));
        assertThat(log()).contains("k reboot: last words", "i " + view.message());
        assertThat(view.snapshotBytes())
                .as("a machine at its end is not woken again")
                .isZero();
        assertThat(bench.network.links).isEmpty();
        assertThat(bench.machines.made)
                .as("machines of a restart nobody asked for")
                .isEmpty();
    }

    @Test
    void anApplicationsExitWinsOverThePowerOffThatFollows() throws InterruptedException {
        FakeMachines.Fake machine = wokenMachine();
        machine.print("x signal 9\n");
        machine.end(MachineExit.Kind.POWER_OFF);
        AppView view = bench.await("web", AppState.EXITED);
        assertThat(view.exitCode()).contains(137);
        assertThat(view.ending()).contains(new GuestEnd(GuestEnd.Kind.EXIT, List.of("reboot: last words")));
    }

    @Test
    void theLineThatNamesThePanicIsQuotedNotTheLastOfItsTrace() throws InterruptedException {
        FakeMachines.Fake machine = wokenMachine();
        machine.kernel(PANIC);
        machine.kernel(" </TASK>");
        machine.end(MachineExit.Kind.PANIC);
        assertThat(bench.await("web", AppState.FAILED).message()).isEqualTo("the guest's kernel panicked: " + PANIC);
    }

    @Test
    void aPanicBeforeTheDoorbellsDriverIsTakenForWhatItIs() throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(Bench.spec("web", Duration.ZERO, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        machine.kernel("Kernel panic - not syncing: VFS");
        machine.end(MachineExit.Kind.REBOOT);
        assertThatThrownBy(run::join)
                .hasRootCauseInstanceOf(UserException.class)
                .hasMessageContaining("syncing: VFS");
        assertThat(bench.apps.inspect("web").ending()).map(GuestEnd::kind).contains(GuestEnd.Kind.PANIC);
        assertThat(log()).contains("k Kernel panic - not syncing: VFS");
    }

    @ParameterizedTest
    @CsvSource({"POWER_OFF, powered off", "REBOOT, rebooted"})
    void aGuestThatEndsBeforeItsApplicationStartedHasFailed(MachineExit.Kind exit, String verb)
            throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(Bench.spec("web", Duration.ZERO, OnIdle.SUSPEND));
        bench.machines.next().end(exit);
        assertThatThrownBy(run::join).hasMessageContaining("the guest " + verb + " before its application was started");
        assertThat(bench.apps.inspect("web").state()).isEqualTo(AppState.FAILED);
    }

    @Test
    void aGuestThatPowersOffBehindItsApplicationsStartHasEnded() throws InterruptedException {
        CompletableFuture<AppView> run = bench.runLater(Bench.spec("web", Duration.ZERO, OnIdle.SUSPEND));
        FakeMachines.Fake machine = bench.machines.next();
        machine.print("s started 40\n");
        machine.end(MachineExit.Kind.POWER_OFF);
        assertThatThrownBy(run::join).hasMessageContaining("app web: the guest powered itself off");
        assertThat(bench.apps.inspect("web").state()).isEqualTo(AppState.EXITED);
    }

    @Test
    void theEndingOutlivesTheDaemonAndEndsWithTheNextStart() throws InterruptedException {
        wokenMachine().end(MachineExit.Kind.TRIPLE_FAULT);
        bench.await("web", AppState.FAILED);
        bench.close();
        bench = new Bench(root);
        assertThat(bench.await("web", AppState.FAILED).ending())
                .contains(new GuestEnd(GuestEnd.Kind.TRIPLE_FAULT, List.of("reboot: last words")));
        CompletableFuture<AppView> start = CompletableFuture.supplyAsync(() -> bench.apps.start("web", Progress.NONE));
        bench.machines.next().ring(cloud.ignition.vmm.Doorbell.Kind.LISTEN);
        assertThat(start.join().ending()).isEmpty();
    }

    @Test
    void onlyTheLastLinesAreKept() throws InterruptedException {
        FakeMachines.Fake machine = wokenMachine();
        for (int i = 0; i < 1000; i++) {
            machine.kernel("line " + i);
        }
        machine.end(MachineExit.Kind.PANIC);
        List<String> kept =
                bench.await("web", AppState.FAILED).ending().orElseThrow().lastLines();
        assertThat(kept).hasSize(Limits.KEPT_LAST_LINES).startsWith("line 960").endsWith("line 999");
    }

    @Test
    void whatARestoreHookSaysIsInTheAppsLog() throws InterruptedException {
        wokenMachine().print("h 10-reseed: done\n");
        assertThat(log()).contains("i restore hook 10-reseed: done");
    }

    private FakeMachines.Fake wokenMachine() throws InterruptedException {
        bench.runToSleep(Bench.spec("web", Duration.ZERO, OnIdle.SUSPEND));
        bench.network.packet(0);
        FakeMachines.Fake machine = bench.machines.next();
        bench.await("web", AppState.RUNNING);
        machine.kernel("reboot: last words");
        return machine;
    }

    private List<String> log() {
        List<String> lines = new ArrayList<>();
        bench.apps.logs("web", false, -1, line -> lines.add(line.stream().letter() + " " + line.text()));
        return lines;
    }
}
