package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A handmade tar archive. */
final class TarBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarWriter writer = new TarWriter(bytes);

    TarBytes file(String name, String content) {
        return add(TarEntry.Type.FILE, name, "", 0644, 0, 0, Map.of(), content);
    }

    TarBytes dir(String name) {
        return add(TarEntry.Type.DIRECTORY, name, "", 0755, 0, 0, Map.of(), "");
    }

    TarBytes symlink(String name, String target) {
        return add(TarEntry.Type.SYMLINK, name, target, 0777, 0, 0, Map.of(), "");
    }

    TarBytes link(String name, String target) {
        return add(TarEntry.Type.HARD_LINK, name, target, 0644, 0, 0, Map.of(), "");
    }

    TarBytes whiteout(String name) {
        return file(name, "");
    }

    TarBytes add(
            TarEntry.Type type,
            String name,
            String link,
            int mode,
            long uid,
            long gid,
            Map<String, byte[]> xattrs,
            String content) {
        SortedMap<String, byte[]> sorted = new TreeMap<>(xattrs);
        byte[] data = content.getBytes(ISO_8859_1);
        return add(new TarEntry(type, name, link, mode, uid, gid, 1_000_000_000L, data.length, 0, 0, sorted), data);
    }

    TarBytes add(TarEntry entry, byte[] data) {
        try {
            writer.begin(entry);
            bytes.write(data);
            writer.endContent(data.length);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The archive with its end marker. */
    byte[] done() {
        try {
            writer.finish();
            return bytes.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
