package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.oci.ImageException;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Handmade layers in, what the squashfs tools read out of the written image back. */
class RootImageBuilderTest {
    @TempDir
    Path temp;

    @Test
    void upperLayersWin() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().dir("a").file("a/one", "old").file("a/two", "kept"),
                new TarBytes().file("a/one", "new"));

        assertThat(image.content("a/one")).isEqualTo("new");
        assertThat(image.content("a/two")).isEqualTo("kept");
    }

    @Test
    void whiteoutsHideOnlyWhatIsBelow() throws IOException {
        // The whiteout stands behind the new file of the same name: it speaks of the layer below all the same.
        Squashfs image = RootImages.build(
                temp,
                new TarBytes()
                        .file("d/gone", "x")
                        .file("d/again", "old")
                        .file("d/stays", "x")
                        .file("tree/a/b", "x"),
                new TarBytes()
                        .file("d/again", "new")
                        .whiteout("d/.wh.again")
                        .whiteout("d/.wh.gone")
                        .whiteout(".wh.tree")
                        .whiteout("d/.wh.never-was"));

        assertThat(image.names()).containsExactly("d", "d/again", "d/stays");
        assertThat(image.content("d/again")).isEqualTo("new");
    }

    @Test
    void opaqueDirectoryStartsEmpty() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().file("d/old", "x").file("d/sub/old", "x").file("other", "x"),
                new TarBytes().dir("d").file("d/new", "y").whiteout("d/.wh..wh..opq"));

        assertThat(image.names()).containsExactly("d", "d/new", "other");
    }

    @Test
    void fileReplacesDirectoryAndTheOtherWayRound() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().file("a/inner", "x").file("b", "file"),
                new TarBytes().file("a", "now a file").dir("b").file("b/inner", "y"));

        assertThat(image.names()).containsExactly("a", "b", "b/inner");
        assertThat(image.content("a")).isEqualTo("now a file");
    }

    @Test
    void lastOfTheSameNameInOneLayerWins() throws IOException {
        Squashfs image = RootImages.build(
                temp, new TarBytes().file("f", "first").file("f", "second").file("f", "third"));

        assertThat(image.content("f")).isEqualTo("third");
    }

    @Test
    void hardLinksShareAnInodeAndSurviveTheirTarget() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().file("low", "low content").file("b", "b content").link("c", "b"),
                // A link to a lower layer's file, which is then replaced; and one name of a pair removed.
                new TarBytes().link("z", "low").file("low", "replaced").whiteout(".wh.b"));

        assertThat(image.names()).containsExactly("c", "low", "z");
        assertThat(image.content("z")).isEqualTo("low content");
        assertThat(image.content("low")).isEqualTo("replaced");
        assertThat(image.content("c")).isEqualTo("b content");
        assertThat(image.stat("c")).contains("Inode type: file");

        Squashfs pair =
                RootImages.build(temp, new TarBytes().file("x/b", "same").link("a", "x/b"));
        assertThat(pair.content("a")).isEqualTo("same");
        assertThat(pair.inode("a")).isEqualTo(pair.inode("x/b"));
        assertThat(pair.stat("a")).contains("Hard link count: 2");
    }

    @Test
    void symlinksAreNeverFollowed() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().dir("target").symlink("way", "target").symlink("out", "/../../../etc/shadow"),
                new TarBytes().file("way/file", "x"));

        SortedMap<String, String> list = image.list();
        assertThat(list.get("out")).isEqualTo("lrwxrwxrwx 0/0 -> /../../../etc/shadow");
        assertThat(list.get("way")).startsWith("drwxr-xr-x");
        assertThat(list).containsKey("way/file").doesNotContainKey("target/file");
    }

    @Test
    void attributesAreKept() throws IOException {
        Map<String, byte[]> xattrs = Map.of(
                "security.capability", "cap".getBytes(ISO_8859_1),
                "user.note", "a=b".getBytes(ISO_8859_1),
                "trusted.overlay.opaque", "y".getBytes(ISO_8859_1));
        Squashfs image = RootImages.build(
                temp,
                new TarBytes()
                        .add(TarEntry.Type.FILE, "su", "", 04755, 12, 3_000_000_000L, xattrs, "x")
                        .add(TarEntry.Type.DIRECTORY, "spool", "", 01777, 65534, 8, Map.of(), "")
                        .add(TarEntry.Type.FIFO, "pipe", "", 0600, 1, 2, Map.of(), "")
                        .add(device(TarEntry.Type.CHARACTER_DEVICE, "null", 1, 3), new byte[0])
                        .add(device(TarEntry.Type.BLOCK_DEVICE, "disk", 8, 17), new byte[0]));

        SortedMap<String, String> list = image.list();
        assertThat(list)
                .containsEntry("su", "-rwsr-xr-x 12/3000000000")
                .containsEntry("spool", "drwxrwxrwt 65534/8")
                .containsEntry("pipe", "prw------- 1/2")
                .containsEntry("null", "crw-rw-rw- 0/0 1,3")
                .containsEntry("disk", "brw-rw-rw- 0/0 8,17");
        assertThat(image.stat("su")).contains("(1000000000)");
        assertThat(image.xattrs("su"))
                .contains("user.note=a=b")
                .contains("security.capability=")
                .doesNotContain("trusted");
    }

    @Test
    void binaryXattrComesOutAsItWentIn() throws IOException {
        byte[] capability = HexFormat.of().parseHex("0100000280ff0a3d000000000000000000000000");
        Squashfs image = RootImages.build(
                temp,
                new TarBytes()
                        .add(
                                TarEntry.Type.FILE,
                                "ping",
                                "",
                                0755,
                                0,
                                0,
                                Map.of("security.capability", capability),
                                "x"));

        String shown = image.xattrs("ping");
        assertThat(shown.replaceAll("\\s", "").toLowerCase(java.util.Locale.ROOT))
                .contains("0100000280ff0a3d000000000000000000000000");
    }

    @Test
    void missingParentsAndMountPointsAreMade() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes()
                        .file("opt/deep/file", "x")
                        .symlink("proc", "/etc")
                        .file("etc", "a file"));

        assertThat(image.list())
                .containsEntry("", "drwxr-xr-x 0/0")
                .containsEntry("opt", "drwxr-xr-x 0/0")
                .containsEntry("opt/deep", "drwxr-xr-x 0/0")
                .containsEntry("proc", "dr-xr-xr-x 0/0")
                .containsEntry("sys", "dr-xr-xr-x 0/0")
                .containsEntry("dev", "drwxr-xr-x 0/0")
                .containsEntry("tmp", "drwxrwxrwt 0/0")
                .containsEntry("etc", "-rw-r--r-- 0/0");
    }

    @Test
    void rootEntryGivesTheRootItsAttributes() throws IOException {
        Squashfs image =
                RootImages.build(temp, new TarBytes().add(TarEntry.Type.DIRECTORY, "./", "", 0700, 7, 8, Map.of(), ""));

        assertThat(image.list()).containsEntry("", "drwx------ 7/8");
    }

    @Test
    void longAndOddNamesAreKept() throws IOException {
        String component = "n".repeat(255);
        String path = (component + "/").repeat(10) + "file";
        Squashfs image = RootImages.build(
                temp,
                new TarBytes()
                        .file(path, "deep")
                        .file("./with space and \u00e9\u00ff", "latin")
                        .link("l", path)
                        .symlink("s", "t".repeat(300)));

        assertThat(image.content(path)).isEqualTo("deep");
        assertThat(image.content("l")).isEqualTo("deep");
        assertThat(image.names()).contains("with space and \u00e9\u00ff");
        assertThat(image.list().get("s")).endsWith("t".repeat(300));
    }

    @Test
    void sameLayersSameImage() throws IOException {
        TarBytes archive = new TarBytes();
        for (int i = 0; i < 200; i++) {
            archive.file("dir" + i % 7 + "/file" + i, "content ".repeat(i * 300));
        }
        Layer layer = RootImages.plain(temp, archive.done());

        Path first = RootImages.build(temp, List.of(layer)).image();
        Path second = RootImages.build(temp, List.of(layer)).image();

        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
    }

    @Test
    void everyCompressionIsRead() throws IOException {
        byte[] one = new TarBytes().file("one", "1").done();
        byte[] two = new TarBytes().file("two", "2").done();
        byte[] three = new TarBytes().file("three", "3").done();
        // eStargz and zstd:chunked layers are many members or frames in a row.
        byte[] half = Zstd.compress(java.util.Arrays.copyOfRange(two, 0, 700));
        byte[] rest = Zstd.compress(java.util.Arrays.copyOfRange(two, 700, two.length));
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        frames.write(half);
        frames.write(rest);
        ByteArrayOutputStream members = new ByteArrayOutputStream();
        members.write(Files.readAllBytes(
                RootImages.gzip(temp, java.util.Arrays.copyOfRange(one, 0, 600)).blob()));
        members.write(Files.readAllBytes(RootImages.gzip(temp, java.util.Arrays.copyOfRange(one, 600, one.length))
                .blob()));

        Squashfs image = RootImages.build(
                temp,
                List.of(
                        RootImages.layer(temp, members.toByteArray(), one),
                        RootImages.layer(temp, frames.toByteArray(), two),
                        RootImages.plain(temp, three)));

        assertThat(image.names()).containsExactly("one", "three", "two");
    }

    @Test
    void contentThatIsNotWhatTheConfigurationPromisedIsRefused() throws IOException {
        byte[] tar = new TarBytes().file("f", "x").done();
        Layer lying = RootImages.layer(temp, tar, new TarBytes().file("f", "y").done());

        assertThatThrownBy(() -> RootImages.build(temp, List.of(lying)))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining(lying.digest().toString())
                .hasMessageContaining("configuration says " + lying.diffId());
    }

    @Test
    void decompressionBombIsRefused() throws IOException {
        byte[] bomb = Zstd.compress(new byte[300 << 20]);
        byte[] tar = new TarBytes().done();

        assertThatThrownBy(() -> RootImages.build(temp, List.of(RootImages.layer(temp, bomb, tar))))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("decompression bomb");
    }

    @Test
    void cutOffLayersAreRefused() throws IOException {
        byte[] tar = new TarBytes().file("f", "x".repeat(5000)).done();
        byte[] gzip = Files.readAllBytes(RootImages.gzip(temp, tar).blob());
        byte[] zstd = Zstd.compress(tar);
        for (byte[] whole : List.of(tar, gzip, zstd)) {
            byte[] cut = java.util.Arrays.copyOf(whole, whole.length / 2);
            Layer layer = RootImages.layer(temp, cut, tar);
            assertThatThrownBy(() -> RootImages.build(temp, List.of(layer)))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining(layer.digest().toString())
                    .extracting(e -> ((ImageException) e).kind())
                    .isEqualTo(ImageException.Kind.REFUSED);
        }
    }

    @Test
    void missingToolNamesItsPackage() throws IOException {
        Layer layer = RootImages.plain(temp, new TarBytes().done());

        assertThatThrownBy(() -> new RootImageBuilder("no-such-tool").build(List.of(layer), temp.resolve("out")))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("install the Debian package squashfs-tools-ng");
    }

    @Test
    void failingToolIsQuotedWithItsLastLine() throws IOException {
        Path tool = temp.resolve("failing");
        Files.writeString(tool, "#!/bin/sh\necho first >&2\necho the disk is on fire >&2\nexit 3\n");
        Files.setPosixFilePermissions(tool, PosixFilePermissions.fromString("rwx------"));
        Layer layer = RootImages.plain(
                temp, new TarBytes().file("f", "x".repeat(2_000_000)).done());

        assertThatThrownBy(() -> new RootImageBuilder(tool.toString()).build(List.of(layer), temp.resolve("out")))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("the disk is on fire")
                .hasMessageNotContaining("first");
    }

    private static TarEntry device(TarEntry.Type type, String name, long major, long minor) {
        return new TarEntry(
                type, name, "", 0666, 0, 0, 0, 0, major, minor, Collections.unmodifiableSortedMap(new TreeMap<>()));
    }
}
