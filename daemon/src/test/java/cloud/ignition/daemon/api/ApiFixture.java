package cloud.ignition.daemon.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A running API on a real socket over fakes. */
abstract class ApiFixture {
    final FakeApplications applications = new FakeApplications();
    final FakeImages images = new FakeImages();
    Path socket;
    ApiServer server;

    @TempDir
    Path directory;

    @BeforeEach
    void startServer() throws IOException {
        socket = Files.createDirectories(directory).resolve("api.sock");
        server = ApiServer.start(socket, facts(), applications, images);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    static DaemonFacts facts() {
        return new DaemonFacts("1.2.3", Path.of("/var/lib/x"), "10.88.0.0/16", Instant.EPOCH);
    }

    RawClient.Answer ask(String method, String target) throws IOException {
        return RawClient.ask(socket, method, target, "");
    }

    RawClient.Answer ask(String method, String target, String body) throws IOException {
        return RawClient.ask(socket, method, target, body);
    }
}
