package cloud.ignition.vmm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.vmm.SnapshotRefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotManifestTest {
    private static final SnapshotManifest MANIFEST = Samples.manifest();

    @TempDir
    Path directory;

    @Test
    void readsWhatItWrote() throws IOException {
        Files.write(directory.resolve(SnapshotManifest.FILE), MANIFEST.encode());
        assertThat(SnapshotManifest.read(directory)).isEqualTo(MANIFEST);
    }

    @Test
    void everyLineIsReadable() {
        assertThat(MANIFEST.toString())
                .startsWith("format-version = 4\nvcpus = 2\nmemory-bytes = 268435456\n")
                .contains("\ncpu = AuthenticAMD family 25 model 33 stepping 0\nhost-kernel = 6.12.1-test\n")
                .contains("\nmsrs = 10 174 c0000080\n")
                .contains("\ncpuid.7.0 = 1 00000000 00010000 00000000 00000000\n")
                .contains("\nsubject.kernel = with = sign\nmanifest-sha256 = ");
    }

    @Test
    void refusesAnotherVersionByItsNumber() throws IOException {
        for (String version : new String[] {"1", "2", "3", "5", "2000000000"}) {
            sign(text().replace("format-version = 4", "format-version = " + version));
            refused("it has format version " + version + ", this version of Ignition reads 4; restore it with the"
                    + " version that wrote it or boot the machine anew");
        }
    }

    @Test
    void refusesANewerFormatWhoseOtherLinesItCannotKnow() throws IOException {
        sign("format-version = 5\nanything = else\n");
        refused("format version 5");
    }

    @Test
    void refusesWhatWeNeverWrite() throws IOException {
        sign(text() + "unknown = key\n");
        refused("not as Ignition writes one");
        sign(text() + "vcpus = 2\n");
        refused("not as Ignition writes one");
        sign(text().replace("vcpus = 2", "vcpus = +2"));
        refused("not as Ignition writes one");
        sign(text().replace("vcpus = 2", "vcpus = 9"));
        refused("vCPU count 9");
        sign(text().replace("cpu = AuthenticAMD", "cpu = GenuineIntel"));
        refused("not as Ignition writes one");
        sign(text().replace("changes-data-bytes = 20480", "changes-data-bytes = 268439552"));
        refused("changed pages of 268439552 bytes in a memory of 268435456");
        sign(text() + "line\n");
        refused("not \"key = value\"");
        sign(text().replace("msrs = 10 ", "msrs = 200 "));
        refused("out of order");
        sign(text().replace("msrs = 10 ", "msrs = 1g "));
        refused("manifest is damaged");
        sign(text().replaceAll("cpuid.*\n", ""));
        refused("leaf");
    }

    @Test
    void refusesADirectoryWithoutOne() {
        refused("it has no file manifest");
        assertThatThrownBy(() -> SnapshotManifest.read(directory.resolve("nowhere")))
                .isInstanceOf(SnapshotRefusedException.class);
    }

    private static String text() {
        String text = MANIFEST.toString();
        return text.substring(0, text.indexOf("manifest-sha256"));
    }

    private void sign(String signed) throws IOException {
        Files.writeString(
                directory.resolve(SnapshotManifest.FILE),
                signed + "manifest-sha256 = " + Digests.sha256(signed.getBytes(StandardCharsets.UTF_8)) + "\n");
    }

    private void refused(String why) {
        assertThatThrownBy(() -> SnapshotManifest.read(directory))
                .isInstanceOf(SnapshotRefusedException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(why)
                .message()
                .doesNotContain("\n");
    }
}
