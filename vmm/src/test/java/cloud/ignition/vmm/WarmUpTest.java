package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Tap;
import cloud.ignition.vmm.shell.Closer;
import cloud.ignition.vmm.warmup.BuiltInGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The built-in guest on /dev/kvm, with a tap. */
@Timeout(60)
class WarmUpTest {
    private static final byte[] MAC = {0x02, 0, 0, 0, 0, 0x01};

    @TempDir
    Path directory;

    private static Tap tap() {
        return Tap.open("igw" + ProcessHandle.current().pid() % 1_000_000, false);
    }

    @Test
    void restoresAsOftenAsItMayAndLeavesNothing() throws Exception {
        HostUse before = HostUse.now(directory);
        try (Tap tap = tap()) {
            WarmUp.Result result = WarmUp.run(directory, Optional.of(tap), 3, () -> true);
            assertThat(result.restores()).isEqualTo(3);
            assertThat(result.firstNanos()).isPositive();
            assertThat(result.lastNanos()).isPositive();
        }
        awaitClosed();
        HostUse after = HostUse.now(directory);
        assertThat(after.threads()).isEqualTo(before.threads());
        assertThat(after.descriptors().keySet())
                .noneMatch(name -> name.contains("anon_inode:kvm") || name.contains("tun"));
    }

    @Test
    void stopsWhenItMustAndNeedsNoNetwork() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        WarmUp.Result result = WarmUp.run(directory, Optional.empty(), 100, () -> asked.incrementAndGet() <= 2);
        assertThat(result.restores()).isEqualTo(2);
    }

    /** That it walks the whole way: the frame is one that may go out, the sector is read, no device complains. */
    @Test
    void theGuestDoesWhatADriverDoes() throws Exception {
        Path kernel = Files.write(directory.resolve("kernel"), BuiltInGuest.kernel(MAC));
        Path initramfs = Files.write(directory.resolve("initramfs"), new byte[4]);
        Path disk = Files.write(directory.resolve("disk"), new byte[4096]);
        BootSource source =
                new BootSource(kernel, initramfs, new byte[0], new DoorbellTrigger.FirstListen(), List.of());
        CountDownLatch rings = new CountDownLatch(2);
        List<String> failures = new CopyOnWriteArrayList<>();
        MachineListener listener = new MachineListener() {
            @Override
            public DoorbellAnswer onDoorbell(Doorbell doorbell) {
                rings.countDown();
                return DoorbellAnswer.CONTINUE;
            }

            @Override
            public void onExit(MachineExit exit) {
                failures.add(exit.toString());
            }

            @Override
            public void onDeviceFailure(String device, String reason) {
                failures.add(device + ": " + reason);
            }
        };
        try (Tap tap = tap()) {
            assertThat(new ProcessBuilder("ip", "link", "set", "dev", tap.name(), "up")
                            .start()
                            .waitFor())
                    .isZero();
            Attachments attachments = new Attachments(
                    List.of(new Attachments.Disk(disk, true)),
                    Optional.of(new Attachments.Net(tap, MAC)),
                    Optional.empty());
            try (MicroVm machine =
                    MicroVm.boot(new MachineShape(1, Limits.MIN_MEMORY_BYTES), source, attachments, listener)) {
                machine.resume();
                assertThat(rings.await(20, TimeUnit.SECONDS)).isTrue();
                machine.pause();
                assertThat(machine.activity().packetsOut()).isEqualTo(1);
                assertThat(failures).isEmpty();
            }
        }
    }

    private static void awaitClosed() throws InterruptedException {
        CountDownLatch closed = new CountDownLatch(1);
        Closer.closeLater(closed::countDown);
        assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
    }
}
