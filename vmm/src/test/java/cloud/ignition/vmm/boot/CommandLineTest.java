package cloud.ignition.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommandLineTest {
    @Test
    void endsWithTheOwnersParametersAndANul() {
        byte[] line = CommandLine.of(List.of("virtio_mmio.device=4K@0xd0000000:6"), List.of("ignition.on=listen"));
        assertThat(new String(line, StandardCharsets.US_ASCII))
                .startsWith("console=ttyS0 ")
                .endsWith(" virtio_mmio.device=4K@0xd0000000:6 ignition.on=listen\0");
    }

    @Test
    void refusesALineLongerThanTheKernelReads() {
        assertThatThrownBy(() -> CommandLine.of(List.of(), List.of("x".repeat(2048))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2047");
    }
}
