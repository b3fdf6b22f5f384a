package cloud.ignition.oci.rootfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/** Offsets and number formats of the tar header block (POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar manual). */
final class TarFormat {
    static final int BLOCK = 512;

    static final int NAME = 0;
    static final int NAME_LENGTH = 100;
    static final int MODE = 100;
    static final int UID = 108;
    static final int GID = 116;
    static final int ID_LENGTH = 8;
    static final int SIZE = 124;
    static final int MTIME = 136;
    static final int LONG_LENGTH = 12;
    static final int CHECKSUM = 148;
    static final int TYPE = 156;
    static final int LINK = 157;
    static final int MAGIC = 257;
    static final int DEVICE_MAJOR = 329;
    static final int DEVICE_MINOR = 337;
    static final int PREFIX = 345;
    static final int PREFIX_LENGTH = 155;

    private TarFormat() {}

    /** The bytes up to the first NUL, at most {@code length}. */
    static String text(byte[] block, int offset, int length) {
        int end = offset;
        while (end < offset + length && block[end] != 0) {
            end++;
        }
        return new String(block, offset, end - offset, ISO_8859_1);
    }

    /**
     * A number field: octal digits padded by spaces or NULs, or GNU's base 256 when the first bit is set.
     *
     * @throws TarException when it is neither, or does not fit a long
     */
    static long number(byte[] block, int offset, int length) {
        if ((block[offset] & 0x80) != 0) {
            return base256(block, offset, length);
        }
        String digits = text(block, offset, length).strip();
        long value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 7) {
                throw new TarException("the number '" + digits + "' in a header is not octal");
            }
            value = value << 3 | digit;
        }
        return value;
    }

    private static long base256(byte[] block, int offset, int length) {
        boolean negative = (block[offset] & 0x40) != 0;
        long value = negative ? -1 : 0;
        for (int i = 0; i < length; i++) {
            // The first byte's flag bit is no part of the number; bit 6 is its sign.
            int b = i > 0 ? block[offset + i] & 0xff : (block[offset] & 0x7f) | (negative ? 0x80 : 0);
            long shifted = value << 8 | b;
            if (shifted >> 8 != value) {
                throw new TarException("a number in a header is beyond 64 bits");
            }
            value = shifted;
        }
        return value;
    }

    /** Whether the header's checksum is right, by the unsigned sum or the signed one of historical writers. */
    static boolean checksumMatches(byte[] block) {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BLOCK; i++) {
            byte b = i >= CHECKSUM && i < CHECKSUM + ID_LENGTH ? (byte) ' ' : block[i];
            unsigned += b & 0xff;
            signed += b;
        }
        long stored = number(block, CHECKSUM, ID_LENGTH);
        return stored == unsigned || stored == signed;
    }

    /** The padding after {@code size} bytes of content. */
    static int padding(long size) {
        return (int) (-size & (BLOCK - 1));
    }
}
