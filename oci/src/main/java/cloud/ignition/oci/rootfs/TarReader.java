package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import cloud.ignition.oci.Limits;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar stream of unknown origin, entry by entry: v7, ustar, GNU (long names, base 256) and PAX. Everything an
 * extension header may make us hold is bounded. Sparse entries and unknown types are refused.
 *
 * <p>Not safe for use by several threads.
 */
final class TarReader {
    private static final String XATTR = "SCHILY.xattr.";

    private final InputStream in;
    private final byte[] block = new byte[TarFormat.BLOCK];
    private final byte[] skipBuffer = new byte[64 << 10];
    private long contentLeft;
    private int paddingLeft;

    /** Reads from a buffered stream, which stays the caller's to close. */
    TarReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next entry, or null at the end of the archive; what is left of the previous entry's content is skipped.
     *
     * @throws TarException when the archive is malformed, hostile or beyond a limit
     * @throws IOException from the stream; EOFException when it ends within an entry
     */
    @Nullable
    TarEntry next() throws IOException {
        skipContent();
        Extensions extensions = new Extensions();
        while (true) {
            if (!readBlock(extensions.any())) {
                return null;
            }
            if (isZero(block)) {
                expectEnd(extensions);
                return null;
            }
            if (!TarFormat.checksumMatches(block)) {
                throw new TarException("a header's checksum is wrong");
            }
            char flag = (char) (block[TarFormat.TYPE] & 0xff);
            switch (flag) {
                case 'x' -> extensions.addPax(PaxRecords.parse(readExtension(extensions)));
                // A global header (git archive writes one) says nothing about files that we could use.
                case 'g' -> readExtension(extensions);
                case 'L' -> extensions.longName = cString(readExtension(extensions));
                case 'K' -> extensions.longLink = cString(readExtension(extensions));
                default -> {
                    return entry(flag, extensions);
                }
            }
        }
    }

    /** Reads the current entry's content; -1 at its end. */
    int read(byte[] buffer, int offset, int length) throws IOException {
        if (contentLeft == 0) {
            return -1;
        }
        int count = in.read(buffer, offset, (int) Math.min(length, contentLeft));
        if (count < 0) {
            throw new EOFException("the archive ends within a file's content");
        }
        contentLeft -= count;
        return count;
    }

    /** What an entry's extension headers said before its own header. */
    private static final class Extensions {
        private int bytes;
        private @Nullable String longName;
        private @Nullable String longLink;
        private Map<String, byte[]> pax = Map.of();

        boolean any() {
            return bytes > 0;
        }

        void addPax(Map<String, byte[]> records) {
            pax = records;
        }

        String text(String key, String otherwise) {
            byte[] value = pax.get(key);
            return value == null ? otherwise : new String(value, ISO_8859_1);
        }

        long number(String key, long otherwise) {
            byte[] value = pax.get(key);
            if (value == null || value.length == 0) {
                return otherwise;
            }
            String text = new String(value, ISO_8859_1);
            // Times have a fraction, which squashfs cannot hold.
            int dot = text.indexOf('.');
            try {
                return Long.parseLong(dot < 0 ? text : text.substring(0, dot));
            } catch (NumberFormatException e) {
                throw new TarException("the PAX record " + key + " is not a number");
            }
        }

        SortedMap<String, byte[]> xattrs() {
            SortedMap<String, byte[]> xattrs = new TreeMap<>();
            pax.forEach((key, value) -> {
                if (key.startsWith(XATTR)) {
                    xattrs.put(key.substring(XATTR.length()), value);
                }
            });
            return xattrs;
        }
    }

    private TarEntry entry(char flag, Extensions extensions) {
        if (flag == 'S' || extensions.pax.keySet().stream().anyMatch(k -> k.startsWith("GNU.sparse."))) {
            throw new TarException("a file is stored sparse; make the image without sparse entries");
        }
        String name = extensions.text("path", or(extensions.longName, headerName()));
        String link = extensions.text(
                "linkpath", or(extensions.longLink, TarFormat.text(block, TarFormat.LINK, TarFormat.NAME_LENGTH)));
        TarEntry.Type type = type(flag, name);
        long size = extensions.number("size", TarFormat.number(block, TarFormat.SIZE, TarFormat.LONG_LENGTH));
        if (size < 0) {
            throw new TarException("an entry has the negative size " + size);
        }
        // Only files have content; writers differ in what they put into the field for other types.
        contentLeft = type == TarEntry.Type.FILE ? size : 0;
        paddingLeft = TarFormat.padding(contentLeft);
        boolean device = type == TarEntry.Type.CHARACTER_DEVICE || type == TarEntry.Type.BLOCK_DEVICE;
        return new TarEntry(
                type,
                name,
                type == TarEntry.Type.HARD_LINK || type == TarEntry.Type.SYMLINK ? link : "",
                (int) (TarFormat.number(block, TarFormat.MODE, TarFormat.ID_LENGTH) & 07777),
                extensions.number("uid", TarFormat.number(block, TarFormat.UID, TarFormat.ID_LENGTH)),
                extensions.number("gid", TarFormat.number(block, TarFormat.GID, TarFormat.ID_LENGTH)),
                extensions.number("mtime", TarFormat.number(block, TarFormat.MTIME, TarFormat.LONG_LENGTH)),
                contentLeft,
                device ? TarFormat.number(block, TarFormat.DEVICE_MAJOR, TarFormat.ID_LENGTH) : 0,
                device ? TarFormat.number(block, TarFormat.DEVICE_MINOR, TarFormat.ID_LENGTH) : 0,
                extensions.xattrs());
    }

    private static TarEntry.Type type(char flag, String name) {
        // Before POSIX a directory was a file whose name ends in a slash.
        if (flag == '\0' || flag == '7') {
            return name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
        }
        for (TarEntry.Type type : TarEntry.Type.values()) {
            if (type.flag() == flag) {
                return type;
            }
        }
        throw new TarException("an entry has the unknown type 0x" + Integer.toHexString(flag));
    }

    private String headerName() {
        String name = TarFormat.text(block, TarFormat.NAME, TarFormat.NAME_LENGTH);
        // GNU's magic is "ustar  ": it keeps times where POSIX has the prefix.
        boolean posix = TarFormat.text(block, TarFormat.MAGIC, 6).equals("ustar") && block[TarFormat.MAGIC + 5] == 0;
        String prefix = posix ? TarFormat.text(block, TarFormat.PREFIX, TarFormat.PREFIX_LENGTH) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private byte[] readExtension(Extensions extensions) throws IOException {
        long size = TarFormat.number(block, TarFormat.SIZE, TarFormat.LONG_LENGTH);
        if (size < 0 || size > Limits.MAX_TAR_EXTENSION_BYTES - extensions.bytes) {
            throw new TarException("an entry's extension headers are larger than the limit of "
                    + Limits.MAX_TAR_EXTENSION_BYTES + " bytes");
        }
        // An empty header still counts, or an endless row of them would be free.
        extensions.bytes += (int) size + TarFormat.BLOCK;
        byte[] content = in.readNBytes((int) size);
        if (content.length < size) {
            throw new EOFException("the archive ends within an extension header");
        }
        skipFully(TarFormat.padding(size));
        return content;
    }

    private void skipContent() throws IOException {
        skipFully(contentLeft);
        contentLeft = 0;
        // umoci leaves out the last entry's padding; where more follows, the next header is cut off and noticed.
        in.readNBytes(block, 0, paddingLeft);
        paddingLeft = 0;
    }

    private void skipFully(long count) throws IOException {
        long left = count;
        while (left > 0) {
            int read = in.read(skipBuffer, 0, (int) Math.min(skipBuffer.length, left));
            if (read < 0) {
                throw new EOFException("the archive ends within an entry");
            }
            left -= read;
        }
    }

    private boolean readBlock(boolean needed) throws IOException {
        int count = in.readNBytes(block, 0, TarFormat.BLOCK);
        if (count == TarFormat.BLOCK) {
            return true;
        }
        // Archives without an end marker exist; those cut off within a header are damaged.
        if (count > 0 || needed) {
            throw new EOFException("the archive ends within a header");
        }
        return false;
    }

    private void expectEnd(Extensions extensions) throws IOException {
        if (extensions.any()) {
            throw new TarException("an extension header has no entry");
        }
        // One zero block could be damage that hides what follows.
        if (readBlock(false) && !isZero(block)) {
            throw new TarException("there is an entry behind the archive's end");
        }
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static String cString(byte[] content) {
        return TarFormat.text(content, 0, content.length);
    }

    private static String or(@Nullable String first, String second) {
        return first == null ? second : first;
    }
}
