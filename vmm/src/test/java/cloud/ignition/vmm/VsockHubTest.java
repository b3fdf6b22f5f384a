package cloud.ignition.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.linux.Epoll;
import cloud.ignition.linux.LinuxException;
import cloud.ignition.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VsockHubTest {
    @TempDir
    private Path directory;

    private Path path() {
        return directory.resolve("vsock");
    }

    @Test
    void listensForItsOwnerOnlyAndLeavesNothing() throws IOException {
        try (VsockHub hub = VsockHub.open(path())) {
            assertThat(hub.path()).isEqualTo(path());
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
                    .isEqualTo("rw-------");
            UnixSocket.connect(path().toString()).close();
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aConnectionWithoutAMachineWaitsAndCanBeSeen() {
        Epoll.Events events = new Epoll.Events(1);
        try (VsockHub hub = VsockHub.open(path());
                Epoll epoll = Epoll.create()) {
            epoll.add(hub.fd(), Epoll.IN, 1);
            assertThat(epoll.await(events, 0)).isZero();
            try (UnixSocket peer = UnixSocket.connect(path().toString())) {
                assertThat(peer.fd().isOpen()).isTrue();
                assertThat(epoll.await(events, 0)).isOne();
            }
        }
    }

    @Test
    void whatADeadProcessLeftIsReplacedAndNothingElse() throws IOException {
        UnixSocket.listen(path().toString(), 1).close();
        VsockHub.open(path()).close();
        Files.writeString(path(), "a file");
        assertThatThrownBy(() -> VsockHub.open(path()))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("EADDRINUSE");
        assertThat(path()).hasContent("a file");
    }

    @Test
    void leavesRoomForThePortsBehindItsPath() {
        Path fits = Path.of("/tmp/" + "x".repeat(VsockHub.MAX_PATH_BYTES - 5));
        Path tooLong = Path.of(fits + "x");
        assertThat(VsockHub.fits(fits)).isTrue();
        assertThat((fits + "_4294967295").length()).isEqualTo(UnixSocket.MAX_PATH_BYTES);
        assertThat(VsockHub.fits(tooLong)).isFalse();
        assertThatThrownBy(() -> VsockHub.open(tooLong)).isInstanceOf(IllegalArgumentException.class);
    }
}
