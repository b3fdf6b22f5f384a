package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The owner gets the threads that run the guest, and no others, before the guest runs. Needs /dev/kvm. */
@Timeout(60)
class VcpuThreadsTest {
    private static final MachineListener NOBODY = new MachineListener() {
        @Override
        public DoorbellAnswer onDoorbell(Doorbell doorbell) {
            return DoorbellAnswer.CONTINUE;
        }

        @Override
        public void onExit(MachineExit exit) {}
    };

    @TempDir
    Path directory;

    @Test
    void eachVcpuHasOneFromTheBootOn() throws Exception {
        try (MicroVm machine = MicroVm.boot(
                new MachineShape(3, Limits.MIN_MEMORY_BYTES),
                TinyKernel.in(directory),
                new Attachments(List.of(), Optional.empty(), Optional.empty()),
                NOBODY)) {
            int[] threads = machine.vcpuThreads();
            assertThat(threads).hasSize(3).doesNotHaveDuplicates();
            for (int thread : threads) {
                assertThat(Files.readString(Path.of("/proc/self/task/" + thread + "/comm")))
                        .startsWith("vcpu-");
            }
        }
    }
}
