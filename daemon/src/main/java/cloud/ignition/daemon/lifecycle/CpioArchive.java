package cloud.ignition.daemon.lifecycle;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes a cpio archive of the "newc" form that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst). */
final class CpioArchive {
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR_FILE = 0100000;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int inode = 1;

    /** Adds a directory. */
    CpioArchive directory(String name, int permissions) {
        entry(name, DIRECTORY | permissions, 2, new byte[0]);
        return this;
    }

    /** Adds a regular file. */
    CpioArchive file(String name, int permissions, byte[] content) {
        entry(name, REGULAR_FILE | permissions, 1, content);
        return this;
    }

    /** The whole archive with its trailer, a multiple of 4 bytes. */
    byte[] toBytes() {
        inode = 0;
        entry("TRAILER!!!", 0, 1, new byte[0]);
        return out.toByteArray();
    }

    private void entry(String name, int mode, int links, byte[] content) {
        byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        StringBuilder header = new StringBuilder("070701");
        int[] fields = {
            inode++,
            mode,
            0, // uid
            0, // gid
            links,
            0, // mtime: constant, so that equal configurations make equal archives
            content.length,
            0, // device major
            0,
            0, // rdevice major
            0,
            nameBytes.length,
            0 // check
        };
        for (int field : fields) {
            header.append(String.format(java.util.Locale.ROOT, "%08X", field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(nameBytes);
        pad();
        out.writeBytes(content);
        pad();
    }

    private void pad() {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}
