package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.snapshot.SnapshotReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where a machine may be saved: one with several vCPUs only where its guest stands at the doorbell. Needs /dev/kvm. */
@Timeout(60)
class SaveAtRestTest {
    private static final SnapshotSubject SUBJECT = new SnapshotSubject(Map.of());

    @TempDir
    Path directory;

    private final Bell bell = new Bell();

    @Test
    void severalVcpusOnlyWhileTheyAreHeldAtTheDoorbell() throws Exception {
        try (MicroVm machine = boot(2)) {
            assertThat(machine.savesOnlyAtRest()).isTrue();
            Path forced = directory.resolve("forced");
            bell.answer = DoorbellAnswer.CONTINUE;
            ringOnce(machine);
            assertThatThrownBy(() -> machine.save(forced, SUBJECT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("a machine with 2 vCPUs is saved only where its guest stands at the doorbell");
            assertThat(forced).doesNotExist();

            bell.answer = DoorbellAnswer.HOLD;
            ringOnce(machine);
            Path held = directory.resolve("held");
            machine.save(held, SUBJECT);
            SnapshotReader.verify(held);

            bell.answer = DoorbellAnswer.CONTINUE;
            ringOnce(machine);
            assertThatThrownBy(() -> machine.save(forced, SUBJECT)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void oneVcpuAnywhere() throws Exception {
        try (MicroVm machine = boot(1)) {
            assertThat(machine.savesOnlyAtRest()).isFalse();
            bell.answer = DoorbellAnswer.CONTINUE;
            ringOnce(machine);
            Path forced = directory.resolve("forced");
            machine.save(forced, SUBJECT);
            SnapshotReader.verify(forced);
        }
    }

    private MicroVm boot(int vcpus) throws Exception {
        return MicroVm.boot(
                new MachineShape(vcpus, Limits.MIN_MEMORY_BYTES),
                TinyKernel.in(directory),
                new Attachments(List.of(), Optional.empty(), Optional.empty()),
                bell);
    }

    private void ringOnce(MicroVm machine) throws InterruptedException {
        bell.rings.drainPermits();
        machine.resume();
        assertThat(bell.rings.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        machine.pause();
    }

    private static final class Bell implements MachineListener {
        final Semaphore rings = new Semaphore(0);
        volatile DoorbellAnswer answer = DoorbellAnswer.CONTINUE;

        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            rings.release();
            return answer;
        }

        @Override
        public void onExit(MachineExit exit) {}
    }
}
