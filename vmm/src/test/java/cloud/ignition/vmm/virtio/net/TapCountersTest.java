package cloud.ignition.vmm.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.linux.Tap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TapCountersTest {
    private static final String TAP = "igc" + ProcessHandle.current().pid() % 1_000_000;
    private static final int FRAME = 60;

    @Test
    void areThoseOfTheInterfaceAndGoWithIt() throws Exception {
        try (TapCounters counters = new TapCounters(TAP)) {
            assertThat(counters.read()).as("no such interface").isEmpty();
            try (Tap tap = Tap.open(TAP, false);
                    Arena arena = Arena.ofConfined()) {
                assertThat(counters.read()).hasValue(new FrameCounts(0, 0, 0, 0));
                tap.setVnetHeaderSize(NetDevice.HEADER_BYTES);
                Path ipv6 = Path.of("/proc/sys/net/ipv6/conf", TAP, "disable_ipv6");
                if (Files.exists(ipv6)) {
                    Files.writeString(ipv6, "1"); // the host says nothing of its own then
                }
                Process up = new ProcessBuilder("ip", "link", "set", "dev", TAP, "up").start();
                assertThat(up.waitFor()).isZero();
                MemorySegment frame = arena.allocate(NetDevice.HEADER_BYTES + FRAME);
                assertThat(tap.fd().write(frame)).isEqualTo(frame.byteSize());
                assertThat(counters.read()).as("the guest sent one").hasValue(new FrameCounts(0, 1, 0, FRAME));
            }
            assertThat(counters.read()).as("the interface is gone").isEmpty();
        }
    }

    @Test
    void areNotReadOnceClosed() {
        TapCounters counters = new TapCounters("lo");
        assertThat(counters.read()).isPresent();
        counters.close();
        assertThat(counters.read()).isEmpty();
    }
}
