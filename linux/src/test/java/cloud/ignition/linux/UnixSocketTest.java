package cloud.ignition.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
    @TempDir
    Path directory;

    private String path() {
        return directory.resolve("s").toString();
    }

    @Test
    void aConnectionCarriesBytesBothWaysAndEndsOneWayAtATime() {
        try (Arena arena = Arena.ofConfined();
                UnixSocket listening = UnixSocket.listen(path(), 4)) {
            assertThat(listening.accept()).isEmpty();
            try (UnixSocket client = UnixSocket.connect(path());
                    UnixSocket server = listening.accept().orElseThrow()) {
                MemorySegment buffer = arena.allocate(16);
                assertThat(server.fd().read(buffer)).isEqualTo(-Errno.EAGAIN);
                assertThat(client.fd().write(arena.allocateFrom("hello"))).isEqualTo(6);
                assertThat(server.fd().read(buffer)).isEqualTo(6);
                assertThat(buffer.getString(0)).isEqualTo("hello");
                client.shutdownWrite();
                assertThat(server.fd().read(buffer)).isZero();
                assertThat(server.fd().write(arena.allocateFrom("back"))).isEqualTo(5);
                assertThat(client.fd().read(buffer)).isEqualTo(5);
                client.shutdownRead();
                assertThat(server.fd().write(buffer)).isEqualTo(-Errno.EPIPE);
            }
        }
    }

    @Test
    void shuttingDownWithoutAPeerIsHarmless() {
        try (UnixSocket listening = UnixSocket.listen(path(), 1)) {
            UnixSocket client = UnixSocket.connect(path());
            try (UnixSocket server = listening.accept().orElseThrow()) {
                client.close();
                server.shutdownWrite();
                server.shutdownRead();
                assertThat(client.fd().isOpen()).isFalse();
            }
        }
    }

    @Test
    void aFullBacklogAndAnAbsentListenerRefuse() throws Exception {
        assertThatThrownBy(() -> UnixSocket.connect(path()))
                .isInstanceOf(LinuxException.class)
                .hasMessage("connect " + path() + ": No such file or directory (ENOENT)");
        try (UnixSocket listening = UnixSocket.listen(path(), 0);
                UnixSocket first = UnixSocket.connect(path())) {
            assertThat(first.fd().isOpen()).isTrue();
            assertThatThrownBy(() -> UnixSocket.connect(path()))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EAGAIN));
            assertThatThrownBy(() -> UnixSocket.listen(path(), 1))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EADDRINUSE));
            assertThat(listening.toString()).contains(path());
        }
        assertThat(Files.exists(Path.of(path()))).as("the file stays").isTrue();
        assertThatThrownBy(() -> UnixSocket.connect(path()))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ECONNREFUSED));
    }

    @Test
    void pathsTheKernelDoesNotTakeAreRefused() {
        String longest = "/tmp/" + "x".repeat(UnixSocket.MAX_PATH_BYTES - 5);
        assertThatThrownBy(() -> UnixSocket.connect(longest)).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> UnixSocket.connect(longest + "x")).hasMessageContaining("ENAMETOOLONG");
        assertThatThrownBy(() -> UnixSocket.connect("")).hasMessageContaining("EINVAL");
        assertThatThrownBy(() -> UnixSocket.listen("a\0b", 1)).hasMessageContaining("EINVAL");
    }
}
