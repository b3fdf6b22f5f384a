package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Limits;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Checks an entry's attributes and brings them into the range a squashfs inode holds, so that the image writer sees only
 * what it can store.
 */
final class EntryCheck {
    /** Linux reserves the highest id, -1, as "no id". */
    private static final long MAX_ID = 0xffff_fffeL;
    /** squashfs keeps unsigned 32-bit seconds. */
    private static final long MAX_MTIME = 0xffff_ffffL;
    /** Bits of Linux' dev_t: 12 for the major number, 20 for the minor. */
    private static final long MAX_MAJOR = (1L << 12) - 1;

    private static final long MAX_MINOR = (1L << 20) - 1;

    private EntryCheck() {}

    /**
     * The same entry with a time that fits and without attributes that do not belong into an image.
     *
     * @throws TarException when an attribute makes no sense on Linux
     */
    static TarEntry clean(TarEntry entry) {
        id("owner", entry.uid(), entry.name());
        id("group", entry.gid(), entry.name());
        if (entry.major() < 0 || entry.major() > MAX_MAJOR || entry.minor() < 0 || entry.minor() > MAX_MINOR) {
            throw new TarException("the device number " + entry.major() + ":" + entry.minor() + " of '" + entry.name()
                    + "' does not exist on Linux");
        }
        if (entry.type() == TarEntry.Type.SYMLINK) {
            checkSymlink(entry);
        }
        if (entry.size() > Limits.MAX_LAYER_UNPACKED_BYTES) {
            throw new TarException("the file '" + entry.name() + "' has " + entry.size() + " bytes; the limit is "
                    + Limits.MAX_LAYER_UNPACKED_BYTES);
        }
        return new TarEntry(
                entry.type(),
                entry.name(),
                entry.link(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                Math.clamp(entry.mtime(), 0, MAX_MTIME),
                entry.size(),
                entry.major(),
                entry.minor(),
                keptXattrs(entry));
    }

    private static void id(String what, long id, String name) {
        if (id < 0 || id > MAX_ID) {
            throw new TarException("the " + what + " " + id + " of '" + name + "' is no id on Linux");
        }
    }

    /** A target is only text here, as nothing ever follows it; it must be one the guest's kernel can hold. */
    private static void checkSymlink(TarEntry entry) {
        String target = entry.link();
        if (target.isEmpty() || target.length() > Limits.MAX_PATH_BYTES || target.indexOf('\0') >= 0) {
            throw new TarException("the symbolic link '" + entry.name() + "' has a target of " + target.length()
                    + " bytes; it needs 1 to " + Limits.MAX_PATH_BYTES + " without NUL");
        }
    }

    /**
     * {@code user.*} and {@code security.*} belong to the file. {@code trusted.*} would speak to the guest's overlayfs,
     * and POSIX ACLs ({@code system.*}) have no place in squashfs.
     */
    private static SortedMap<String, byte[]> keptXattrs(TarEntry entry) {
        SortedMap<String, byte[]> kept = new TreeMap<>();
        entry.xattrs().forEach((name, value) -> {
            if (!name.startsWith("user.") && !name.startsWith("security.")) {
                return;
            }
            if (name.length() > Limits.MAX_XATTR_NAME_BYTES
                    || name.indexOf('\0') >= 0
                    || name.endsWith(".")
                    || value.length > Limits.MAX_XATTR_VALUE_BYTES) {
                throw new TarException(
                        "the extended attribute '" + name + "' of '" + entry.name() + "' is beyond Linux' limits");
            }
            kept.put(name, value);
        });
        if (kept.size() > Limits.MAX_XATTRS) {
            throw new TarException("'" + entry.name() + "' has " + kept.size() + " extended attributes; the limit is "
                    + Limits.MAX_XATTRS);
        }
        return kept;
    }
}
