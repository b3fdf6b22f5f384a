package cloud.ignition.oci.rootfs;

import java.util.SortedMap;

/**
 * One entry of a tar stream, all headers resolved. Names are byte strings: each {@code char} is one byte (ISO 8859-1),
 * because Linux file names need not be UTF-8 and must come out as they went in.
 *
 * @param type what it is
 * @param name path as it stands in the archive, not yet sanitised
 * @param link target of a link, else empty
 * @param mode permission bits with setuid, setgid and sticky (07777)
 * @param uid numeric owner
 * @param gid numeric group
 * @param mtime seconds since the epoch
 * @param size bytes of content, 0 for all but regular files
 * @param major of a device
 * @param minor of a device
 * @param xattrs extended attributes, name to value, sorted
 */
record TarEntry(
        Type type,
        String name,
        String link,
        int mode,
        long uid,
        long gid,
        long mtime,
        long size,
        long major,
        long minor,
        SortedMap<String, byte[]> xattrs) {

    /** The type flags of POSIX ustar that a file tree is made of. */
    enum Type {
        FILE('0'),
        HARD_LINK('1'),
        SYMLINK('2'),
        CHARACTER_DEVICE('3'),
        BLOCK_DEVICE('4'),
        DIRECTORY('5'),
        FIFO('6');

        private final char flag;

        Type(char flag) {
            this.flag = flag;
        }

        /** The byte at offset 156 of the header. */
        char flag() {
            return flag;
        }
    }

    /** The same entry under another name. */
    TarEntry named(String other) {
        return new TarEntry(type, other, link, mode, uid, gid, mtime, size, major, minor, xattrs);
    }
}
