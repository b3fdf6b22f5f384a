package cloud.ignition.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import cloud.ignition.daemon.app.SnapshotTrigger;
import cloud.ignition.daemon.image.Launch;
import cloud.ignition.daemon.network.AddressPool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestConfigTest {
    private static final Launch LAUNCH = new Launch(
            "sha256:1",
            Path.of("/root.sqfs"),
            List.of("/bin/sh", "-c", "echo \"ä\"\n"),
            List.of("PATH=/bin", "EMPTY="),
            "/srv",
            "www-data:33",
            3);

    @TempDir
    Path directory;

    private static byte[] archive() {
        return GuestConfig.archive(
                "my_app.",
                LAUNCH,
                SnapshotTrigger.FIRST_LISTEN,
                AddressPool.parse("10.88.0.0/16").address(2),
                List.of("9.9.9.9"));
    }

    @Test
    void holdsOneRecordPerValueInOrder() {
        byte[] records = GuestConfig.records(
                "my_app.",
                LAUNCH,
                SnapshotTrigger.FIRST_LISTEN,
                AddressPool.parse("10.88.0.0/16").address(2),
                List.of("9.9.9.9"));
        String text = new String(records, StandardCharsets.UTF_8);
        assertThat(text).endsWith("\0");
        assertThat(text.substring(0, text.length() - 1).split("\0", -1))
                .containsExactly(
                        "hostname=my-app",
                        "address=10.88.0.10/30",
                        "gateway=10.88.0.9",
                        "gateway-mac=02:49:0a:58:00:09",
                        "nameserver=9.9.9.9",
                        "arg=/bin/sh",
                        "arg=-c",
                        "arg=echo \"ä\"\n",
                        "env=PATH=/bin",
                        "env=EMPTY=",
                        "cwd=/srv",
                        "user=www-data:33",
                        "stop-signal=3",
                        "trigger=first-listen",
                        "root=/dev/vda",
                        "rootfs=squashfs");
    }

    @Test
    void cpioReadsTheArchive() throws IOException, InterruptedException {
        assertThat(archive().length % 4).isZero();
        Path file = Files.write(directory.resolve("a.cpio"), archive());
        Process process = new ProcessBuilder("cpio", "--extract", "--no-absolute-filenames", "--verbose")
                .directory(directory.toFile())
                .redirectInput(file.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("ignition\n", "ignition/config\n");
        Path config = directory.resolve("ignition/config");
        assertThat(Files.readString(config)).contains("arg=echo \"ä\"\n\0");
        assertThat(Files.getPosixFilePermissions(config)).hasSize(2);
    }

    @Test
    void equalConfigurationsMakeEqualArchives() {
        assertThat(archive()).isEqualTo(archive());
    }
}
