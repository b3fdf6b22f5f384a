package cloud.ignition.vmm.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ResetPortTest {
    @Test
    void onlyThePulseCommandResets() {
        AtomicInteger resets = new AtomicInteger();
        ResetPort port = new ResetPort(resets::incrementAndGet);
        for (int value = 0; value < 256; value++) {
            port.write(0, 1, value);
        }
        assertThat(resets).hasValue(1);
        assertThat(port.read(0, 1)).isZero();
    }
}
