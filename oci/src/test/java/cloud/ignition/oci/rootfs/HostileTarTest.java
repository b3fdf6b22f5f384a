package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cloud.ignition.oci.ImageException;
import cloud.ignition.oci.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives made to harm the reader or the host. */
class HostileTarTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"../escape", "a/../../escape", "..", "a/..", "./../x", "/../x"})
    void climbingPathsAreRefused(String path) {
        refused(new TarBytes().file(path, "x").done(), "climbs with '..'");
        refused(new TarBytes().file("f", "x").link("l", path).done(), "climbs with '..'");
    }

    @Test
    void absoluteAndUntidyPathsAreTakenFromTheImagesRoot() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().file("/abs/file", "1").file("./x//y/./z", "2").link("hard", "///abs/file"));

        assertThat(image.names()).containsExactly("abs", "abs/file", "hard", "x", "x/y", "x/y/z");
    }

    @Test
    void pathsBeyondLimitsAreRefused() {
        refused(
                new TarBytes()
                        .file("d/".repeat(Limits.MAX_PATH_DEPTH) + "f", "x")
                        .done(),
                "deeper than the limit");
        refused(new TarBytes().file("n".repeat(256), "x").done(), "a file name has 256 bytes; the limit is 255");
        refused(new TarBytes().file("long/".repeat(1000), "x").done(), "the limit is 4095");
        refused(new TarBytes().symlink("s", "t".repeat(5000)).done(), "has a target of 5000 bytes");
        refused(new TarBytes().symlink("s", "").done(), "has a target of 0 bytes");
        refused(new TarBytes().file("", "x").done(), "an entry has no name");
        refused(new TarBytes().file("/", "x").done(), "replaces the root directory");
    }

    @Test
    void nulInAPaxNameIsRefused() {
        refused(withPax("path", "a\0b"), "holds a NUL character");
        refused(withPax("linkpath", "a\0b", TarEntry.Type.SYMLINK), "without NUL");
    }

    @Test
    void whiteoutsThatNameNothingAreRefused() {
        refused(new TarBytes().whiteout("d/.wh.").done(), "names no file");
        refused(new TarBytes().whiteout(".wh...").done(), "names no file");
        refused(new TarBytes().file(".wh.d/file", "x").done(), "lies within a whiteout");
    }

    @Test
    void aufsBookkeepingIsNotPartOfTheImage() throws IOException {
        Squashfs image = RootImages.build(
                temp,
                new TarBytes().dir(".wh..wh.plnk").file(".wh..wh.plnk/1.2", "x").file("f", "y"));

        assertThat(image.names()).containsExactly("f");
    }

    @Test
    void hardLinksToNothingAreRefused() {
        refused(new TarBytes().link("l", "nothing").done(), "leads to 'nothing', which is no file");
        refused(new TarBytes().dir("d").link("l", "d").done(), "which is no file");
        refused(new TarBytes().file("f", "x").symlink("d", ".").link("l", "d/f").done(), "which is no file");
    }

    @Test
    void numbersThatMakeNoSenseAreRefused() {
        refused(edited(tar -> Arrays.fill(tar, TarFormat.SIZE, TarFormat.SIZE + 11, (byte) '9')), "is not octal");
        refused(edited(tar -> Arrays.fill(tar, TarFormat.SIZE, TarFormat.SIZE + 12, (byte) 0xff)), "negative size -1");
        refused(edited(tar -> Arrays.fill(tar, TarFormat.UID, TarFormat.UID + 8, (byte) 0xff)), "is no id on Linux");
        refused(
                edited(tar -> {
                    Arrays.fill(tar, TarFormat.SIZE, TarFormat.SIZE + 12, (byte) 0x77);
                    tar[TarFormat.SIZE] = (byte) 0x80;
                }),
                "beyond 64 bits");
        refused(withPax("uid", "4294967295"), "is no id on Linux");
        refused(withPax("size", "9223372036854775807"), "the limit is");
        refused(withPax("size", "x"), "the PAX record size is not a number");
        byte[] device = new TarBytes()
                .add(
                        new TarEntry(TarEntry.Type.CHARACTER_DEVICE, "d", "", 0, 0, 0, 0, 0, 5000, 1, new TreeMap<>()),
                        new byte[0])
                .done();
        refused(device, "does not exist on Linux");
    }

    @Test
    void damagedHeadersAreRefused() {
        byte[] tar = new TarBytes().file("f", "x").done();
        tar[3] ^= 1;
        refused(tar, "checksum is wrong");
        refused(edited(bytes -> bytes[TarFormat.TYPE] = 'Q'), "unknown type 0x51");
        refused(edited(bytes -> bytes[TarFormat.TYPE] = 'S'), "stored sparse");
        refused(withPax("GNU.sparse.major", "1"), "stored sparse");
        byte[] one = new TarBytes().file("f", "x").done();
        byte[] two = new TarBytes().file("g", "y").done();
        byte[] hidden = Arrays.copyOf(one, one.length - 512 + two.length);
        System.arraycopy(two, 0, hidden, one.length - 512, two.length);
        refused(hidden, "an entry behind the archive's end");
    }

    @Test
    void extensionHeadersAreBounded() {
        refused(withPax("comment", "x".repeat(Limits.MAX_TAR_EXTENSION_BYTES)), "extension headers are larger");
        ByteArrayOutputStream row = new ByteArrayOutputStream();
        byte[] pax = Arrays.copyOf(withPax("comment", "x".repeat(200_000)), 512 + 200_192 + 512);
        int header = 512 + ((int) Math.ceil(200_019 / 512.0)) * 512;
        for (int i = 0; i < 10; i++) {
            row.write(pax, 0, header);
        }
        refused(row.toByteArray(), "extension headers are larger");
        refused(rawPax("99 comment=x\n"), "a PAX record has a wrong length");
        refused(rawPax("-3 a=b\n"), "a PAX record has a wrong length");
        refused(rawPax("99999999999 a=b\n"), "a PAX record has a wrong length");
        refused(rawPax("5 =b\n"), "a PAX record has no key");
        refused(rawPax("no length at all\n"), "a PAX record has a wrong length");
    }

    @Test
    void xattrsAreBounded() {
        Map<String, byte[]> large = Map.of("user.x", new byte[Limits.MAX_XATTR_VALUE_BYTES + 1]);
        refused(
                new TarBytes()
                        .add(TarEntry.Type.FILE, "f", "", 0, 0, 0, large, "")
                        .done(),
                "the extended attribute 'user.x' of 'f' is beyond");
        Map<String, byte[]> many = new TreeMap<>();
        for (int i = 0; i <= Limits.MAX_XATTRS; i++) {
            many.put("user." + i, new byte[1]);
        }
        refused(
                new TarBytes()
                        .add(TarEntry.Type.FILE, "f", "", 0, 0, 0, many, "")
                        .done(),
                "extended attributes; the limit is " + Limits.MAX_XATTRS);
    }

    @Test
    void deepPathsCannotMultiplyNodes() {
        MergedTree tree = new MergedTree(new Budget());
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i <= Limits.MAX_ENTRIES / 100; i++) {
            String path = i + "/d".repeat(100);
            changes.add(new Change(Change.Kind.LEAF, i, path, "", null));
        }
        assertThatThrownBy(() -> tree.apply(0, changes))
                .isInstanceOf(TarException.class)
                .hasMessageContaining("more than " + Limits.MAX_ENTRIES + " files and directories");
    }

    @Test
    void realTarWritersAreUnderstood() throws IOException, InterruptedException {
        Path source = temp.resolve("source");
        // Too long for a name field; ustar splits it at the slash, the others write an extension header.
        String name = "d".repeat(60) + "/" + "n".repeat(60);
        Files.createDirectories(source.resolve(name).getParent());
        Files.writeString(source.resolve(name), "long");
        Files.writeString(source.resolve("first"), "pair");
        Files.createLink(source.resolve("hard"), source.resolve("first"));
        for (String format : List.of("ustar", "gnu", "oldgnu", "pax")) {
            String target = "t".repeat(format.equals("ustar") ? 90 : 150);
            Files.deleteIfExists(source.resolve("s"));
            Files.createSymbolicLink(source.resolve("s"), Path.of(target));
            Path tar = temp.resolve(format + ".tar");
            Process process = new ProcessBuilder(
                            "tar", "--format=" + format, "-C", source.toString(), "-cf", tar.toString(), ".")
                    .inheritIO()
                    .start();
            assertThat(process.waitFor()).as(format).isZero();

            Squashfs image = RootImages.build(temp, List.of(RootImages.plain(temp, Files.readAllBytes(tar))));

            assertThat(image.content(name)).as(format).isEqualTo("long");
            assertThat(image.content("hard")).as(format).isEqualTo("pair");
            assertThat(image.inode("hard")).as(format).isEqualTo(image.inode("first"));
            assertThat(image.list().get("s")).as(format).endsWith(" -> " + target);
        }
    }

    private void refused(byte[] tar, String why) {
        assertThatThrownBy(() -> RootImages.build(temp, List.of(RootImages.plain(temp, tar))))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ImageException.Kind.REFUSED))
                .hasMessageContaining(why)
                .message()
                .doesNotContain("\0");
    }

    private interface Edit {
        void apply(byte[] tar);
    }

    /** A one-file archive with an edited header and the checksum put right. */
    private static byte[] edited(Edit edit) {
        byte[] tar = new TarBytes().file("f", "x").done();
        edit.apply(tar);
        seal(tar);
        return tar;
    }

    private static byte[] withPax(String key, String value) {
        return withPax(key, value, TarEntry.Type.FILE);
    }

    private static byte[] withPax(String key, String value, TarEntry.Type type) {
        byte[] record = PaxRecords.format(key, value.getBytes(ISO_8859_1));
        byte[] entry = new TarBytes()
                .add(type, "f", "target", 0644, 0, 0, Map.of(), "")
                .done();
        return concat(paxHeader(record), entry);
    }

    private static byte[] rawPax(String content) {
        return concat(
                paxHeader(content.getBytes(ISO_8859_1)),
                new TarBytes().file("f", "").done());
    }

    private static byte[] paxHeader(byte[] content) {
        byte[] whole =
                new TarBytes().file("pax", new String(content, ISO_8859_1)).done();
        byte[] header = Arrays.copyOf(whole, whole.length - 1024);
        header[TarFormat.TYPE] = 'x';
        seal(header);
        return header;
    }

    private static void seal(byte[] tar) {
        Arrays.fill(tar, TarFormat.CHECKSUM, TarFormat.CHECKSUM + 8, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += tar[i] & 0xff;
        }
        byte[] digits = String.format("%06o\0 ", sum).getBytes(ISO_8859_1);
        System.arraycopy(digits, 0, tar, TarFormat.CHECKSUM, 8);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
