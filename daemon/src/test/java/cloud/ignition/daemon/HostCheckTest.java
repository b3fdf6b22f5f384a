package cloud.ignition.daemon;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostCheckTest {
    @TempDir
    Path root;

    @BeforeEach
    void aHostWithADevice() throws IOException {
        Files.createDirectories(root.resolve("dev"));
        Files.createDirectories(root.resolve("proc"));
        Files.createFile(root.resolve("dev/kvm"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"flags\t\t: fpu svm sse", "flags\t\t: fpu vmx", "processor : 0\nflags : svm\nflags : none"})
    void hardwareIsAccepted(String cpuinfo) throws IOException {
        cpuinfo(cpuinfo);
        assertThatCode(() -> HostCheck.requireHardwareVirtualisation(root)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "flags : fpu svm_lock", "model name : svm vmx\nflags : fpu"})
    void softwareKvmIsRefusedInOneLine(String cpuinfo) throws IOException {
        cpuinfo(cpuinfo);
        assertThatThrownBy(() -> HostCheck.requireHardwareVirtualisation(root))
                .isInstanceOf(UserException.class)
                .hasMessage("this host has /dev/kvm but no hardware virtualisation (no svm or vmx in /proc/cpuinfo): it"
                        + " cannot run Linux guests; use a KVM host, or lab/lab");
    }

    @Test
    void aMissingDeviceIsNamed() throws IOException {
        cpuinfo("flags : svm");
        Files.delete(root.resolve("dev/kvm"));
        assertThatThrownBy(() -> HostCheck.requireHardwareVirtualisation(root))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("there is no /dev/kvm");
    }

    private void cpuinfo(String text) throws IOException {
        Files.writeString(root.resolve("proc/cpuinfo"), text);
    }
}
