package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** Writes ustar with PAX extended headers where a value does not fit; the same entries always give the same bytes. */
final class TarWriter {
    private static final long MAX_OCTAL_ID = 07777777;
    private static final long MAX_OCTAL_LONG = 077777777777L;

    private final OutputStream out;

    /** Writes to a buffered stream, which stays the caller's to close. */
    TarWriter(OutputStream out) {
        this.out = out;
    }

    /** Writes the headers; the caller then writes {@code entry.size()} bytes and calls {@link #endContent(long)}. */
    void begin(TarEntry entry) throws IOException {
        byte[] pax = pax(entry);
        if (pax.length > 0) {
            header('x', "pax", "", 0644, 0, 0, 0, pax.length, 0, 0);
            out.write(pax);
            pad(pax.length);
        }
        header(
                entry.type().flag(),
                entry.name(),
                entry.link(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.mtime(),
                entry.size(),
                entry.major(),
                entry.minor());
    }

    /** The stream the content goes to. */
    OutputStream content() {
        return out;
    }

    /** Pads after {@code size} bytes of content. */
    void endContent(long size) throws IOException {
        pad(size);
    }

    /** Writes the end marker and flushes. */
    void finish() throws IOException {
        out.write(new byte[2 * TarFormat.BLOCK]);
        out.flush();
    }

    private static byte[] pax(TarEntry entry) throws IOException {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        text(records, "path", entry.name());
        text(records, "linkpath", entry.link());
        number(records, "uid", entry.uid(), MAX_OCTAL_ID);
        number(records, "gid", entry.gid(), MAX_OCTAL_ID);
        number(records, "size", entry.size(), MAX_OCTAL_LONG);
        for (var xattr : entry.xattrs().entrySet()) {
            records.write(PaxRecords.format("SCHILY.xattr." + xattr.getKey(), xattr.getValue()));
        }
        return records.toByteArray();
    }

    private static void text(OutputStream records, String key, String value) throws IOException {
        if (value.length() > TarFormat.NAME_LENGTH) {
            records.write(PaxRecords.format(key, value.getBytes(ISO_8859_1)));
        }
    }

    private static void number(OutputStream records, String key, long value, long fits) throws IOException {
        if (value > fits) {
            records.write(PaxRecords.format(key, Long.toString(value).getBytes(ISO_8859_1)));
        }
    }

    private void header(
            char type,
            String name,
            String link,
            int mode,
            long uid,
            long gid,
            long mtime,
            long size,
            long major,
            long minor)
            throws IOException {
        byte[] block = new byte[TarFormat.BLOCK];
        put(block, TarFormat.NAME, TarFormat.NAME_LENGTH, name);
        octal(block, TarFormat.MODE, TarFormat.ID_LENGTH, mode);
        octal(block, TarFormat.UID, TarFormat.ID_LENGTH, Math.min(uid, MAX_OCTAL_ID));
        octal(block, TarFormat.GID, TarFormat.ID_LENGTH, Math.min(gid, MAX_OCTAL_ID));
        octal(block, TarFormat.SIZE, TarFormat.LONG_LENGTH, Math.min(size, MAX_OCTAL_LONG));
        octal(block, TarFormat.MTIME, TarFormat.LONG_LENGTH, mtime);
        block[TarFormat.TYPE] = (byte) type;
        put(block, TarFormat.LINK, TarFormat.NAME_LENGTH, link);
        put(block, TarFormat.MAGIC, 8, "ustar\00000");
        octal(block, TarFormat.DEVICE_MAJOR, TarFormat.ID_LENGTH, major);
        octal(block, TarFormat.DEVICE_MINOR, TarFormat.ID_LENGTH, minor);
        Arrays.fill(block, TarFormat.CHECKSUM, TarFormat.CHECKSUM + TarFormat.ID_LENGTH, (byte) ' ');
        long sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, TarFormat.CHECKSUM, TarFormat.ID_LENGTH - 1, sum);
        out.write(block);
    }

    private void pad(long size) throws IOException {
        out.write(new byte[TarFormat.padding(size)]);
    }

    private static void put(byte[] block, int offset, int length, String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        System.arraycopy(bytes, 0, block, offset, Math.min(bytes.length, length));
    }

    /** Zero-filled octal digits with a closing NUL. */
    private static void octal(byte[] block, int offset, int length, long value) {
        for (int i = offset + length - 2; i >= offset; i--) {
            block[i] = (byte) ('0' + (value & 7));
            value >>= 3;
        }
        block[offset + length - 1] = 0;
    }
}
