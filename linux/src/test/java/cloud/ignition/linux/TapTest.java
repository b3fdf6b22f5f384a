package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TapTest {
    private static final String NAME = "igt" + ProcessHandle.current().pid() % 1_000_000;

    @BeforeAll
    static void needsRoot() {
        assertThat(Files.isWritable(Path.of("/dev/net/tun")) && "root".equals(System.getProperty("user.name")))
                .as("this test creates network interfaces: run it as root, with /dev/net/tun")
                .isTrue();
    }

    @Test
    void createsAnInterfaceThatGoesWithIt() {
        try (Tap tap = Tap.open(NAME, false)) {
            assertThat(exists(NAME)).isTrue();
            assertThat(tap.name()).isEqualTo(NAME);
            assertThat(tap.toString()).contains(NAME, "fd " + tap.fd().number());
        }
        assertThat(exists(NAME)).isFalse();
    }

    @Test
    void aPersistentOneStaysAndCanBeAttachedTo() {
        String name = NAME + "p";
        Tap.open(name, true).close();
        assertThat(exists(name)).isTrue();
        try (Tap again = Tap.open(name, true)) {
            again.setPersistent(false);
        }
        assertThat(exists(name)).isFalse();
    }

    @Test
    void aSecondOwnerIsRefusedAndLeaksNothing() throws Exception {
        try (Tap tap = Tap.open(NAME + "b", false)) {
            long before = openDescriptors();
            assertThatThrownBy(() -> Tap.open(tap.name(), false))
                    .isInstanceOf(LinuxException.class)
                    .hasMessage("TUNSETIFF " + tap.name() + ": Device or resource busy (EBUSY)");
            assertThat(openDescriptors()).isEqualTo(before);
        }
    }

    @Test
    void takesHeaderSizeAndOffloads() {
        try (Tap tap = Tap.open(NAME + "o", false)) {
            tap.setVnetHeaderSize(12);
            tap.setOffload(Tap.TUN_F_CSUM | Tap.TUN_F_TSO4 | Tap.TUN_F_TSO6);
            tap.setOffload(0);
            assertThatThrownBy(() -> tap.setVnetHeaderSize(3)).hasMessageContaining("TUNSETVNETHDRSZ");
            assertThatThrownBy(() -> tap.setOffload(1 << 30)).hasMessageContaining("TUNSETOFFLOAD " + tap.name());
        }
    }

    @Test
    void doesNotBlock() {
        try (Tap tap = Tap.open(NAME + "n", false);
                Arena arena = Arena.ofConfined()) {
            assertThat(tap.fd().read(arena.allocate(2048))).isEqualTo(-Errno.EAGAIN);
        }
    }

    @Test
    void hostsFramesComeWithAHeader() throws Exception {
        try (Tap tap = Tap.open(NAME + "f", false);
                Epoll epoll = Epoll.create();
                Arena arena = Arena.ofConfined()) {
            tap.setVnetHeaderSize(12);
            epoll.add(tap.fd(), Epoll.IN, 1);
            // An interface that comes up announces itself with IPv6 or, with an address and a permanent neighbour,
            // sends what we ask.
            ip("addr", "add", "10.254.254.1/30", "dev", tap.name());
            ip("link", "set", tap.name(), "up");
            ip("neigh", "add", "10.254.254.2", "lladdr", "02:00:00:00:00:02", "dev", tap.name());
            try (DatagramSocket socket = new DatagramSocket()) {
                byte[] payload = "wake up".getBytes(StandardCharsets.US_ASCII);
                socket.send(new DatagramPacket(
                        payload,
                        payload.length,
                        InetAddress.getByAddress(new byte[] {10, (byte) 254, (byte) 254, 2}),
                        9));
                MemorySegment frame = arena.allocate(2048);
                String found = "";
                long end = System.nanoTime() + 10_000_000_000L;
                while (!found.endsWith("wake up") && System.nanoTime() < end) {
                    epoll.await(new Epoll.Events(1), 1000);
                    long n = tap.fd().read(frame);
                    found = n < 0
                            ? ""
                            : new String(frame.asSlice(0, n).toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
                }
                assertThat(found).hasSize(12 + 14 + 20 + 8 + payload.length).endsWith("wake up");
                assertThat(found.substring(12, 18)).isEqualTo("\2\0\0\0\0\2");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "ign0", "ign-web_1.2", "abcdefghijklmno", "_"})
    void acceptsNames(String name) {
        assertThat(Tap.isValidName(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "..", ".a", "a b", "a/b", "a:1", "ign%d", "abcdefghijklmnop", "ü", "a\n", "a\0", "-a"})
    void refusesNames(String name) {
        assertThat(Tap.isValidName(name)).isFalse();
        assertThatThrownBy(() -> Tap.open(name, false)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void ip(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as("ip %s: %s", String.join(" ", arguments), output)
                .isZero();
    }

    private static boolean exists(String name) {
        return Files.exists(Path.of("/sys/class/net", name));
    }

    private static long openDescriptors() throws Exception {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
