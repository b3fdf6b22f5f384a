package cloud.ignition.daemon.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NameserversTest {
    @TempDir
    Path directory;

    @Test
    void skipsTheLocalStubForTheRealServers() throws IOException {
        Path stub = Files.writeString(directory.resolve("a"), "# x\nnameserver 127.0.0.53\noptions edns0\n");
        Path real = Files.writeString(
                directory.resolve("b"),
                "nameserver 9.9.9.9\nnameserver fe80::1\n nameserver  1.1.1.1 \nnameserver 1.2\n");
        assertThat(Nameservers.of(List.of(stub, real))).containsExactly("9.9.9.9", "1.1.1.1");
        assertThat(Nameservers.of(List.of(stub))).isEmpty();
        assertThat(Nameservers.of(List.of(directory.resolve("none")))).isEmpty();
    }
}
