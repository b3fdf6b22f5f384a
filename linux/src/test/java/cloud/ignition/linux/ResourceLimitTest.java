package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ResourceLimitTest {
    @Test
    void isWhatProcSays() throws Exception {
        String line = line("Max open files");
        assertThat(line).contains(Long.toUnsignedString(ResourceLimit.NOFILE.soft()));
        assertThat(line).contains(Long.toUnsignedString(ResourceLimit.NOFILE.hard()));
    }

    @Test
    void isSetAndHolds() throws Exception {
        long before = ResourceLimit.NOFILE.soft();
        long hard = ResourceLimit.NOFILE.hard();
        try {
            ResourceLimit.NOFILE.setSoft(hard - 1);
            assertThat(line("Max open files")).contains(Long.toUnsignedString(hard - 1));
            assertThat(ResourceLimit.NOFILE.hard()).isEqualTo(hard);
        } finally {
            ResourceLimit.NOFILE.setSoft(before);
        }
    }

    @Test
    void tellsWhenTheKernelRefuses() {
        long above = ResourceLimit.NOFILE.hard() + 1;
        assertThatThrownBy(() -> ResourceLimit.NOFILE.setSoft(above))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("EINVAL");
    }

    private static String line(String name) throws Exception {
        return Files.readAllLines(Path.of("/proc/self/limits")).stream()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .orElseThrow();
    }
}
