package cloud.ignition.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.daemon.app.UserException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
    @TempDir
    Path directory;

    @Test
    void isOpenToItsOwnerOnlyAndLeavesNothingBehind() throws IOException {
        Path path = directory.resolve("s.sock");
        try (ApiServer server = start(path)) {
            assertThat(server.socketPath()).isEqualTo(path);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            assertThat(names()).containsExactly("s.sock");
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void replacesTheLeftoverOfADeadDaemon() throws IOException {
        Path path = directory.resolve("s.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        try (ApiServer server = start(path)) {
            assertThat(RawClient.ask(server.socketPath(), "GET", "/v1/version", "")
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void refusesALiveDaemonAndLeavesItAlone() throws IOException {
        Path path = directory.resolve("s.sock");
        try (ApiServer first = start(path)) {
            assertThatThrownBy(() -> start(path))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("a daemon already listens on " + path);
            assertThat(RawClient.ask(first.socketPath(), "GET", "/v1/version", "")
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void neverRemovesAnOrdinaryFile() throws IOException {
        Path path = Files.writeString(directory.resolve("precious"), "data");
        assertThatThrownBy(() -> start(path)).hasMessageContaining("is not a socket");
        assertThat(path).hasContent("data");
    }

    @Test
    void namesAMissingDirectoryAndATooLongPath() {
        assertThatThrownBy(() -> start(directory.resolve("no/s.sock")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("directory " + directory.resolve("no") + " does not exist");
        assertThatThrownBy(() -> start(directory.resolve("x".repeat(120))))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("too long");
    }

    private static ApiServer start(Path path) {
        return ApiServer.start(path, ApiFixture.facts(), new FakeApplications(), new FakeImages());
    }

    private java.util.List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
