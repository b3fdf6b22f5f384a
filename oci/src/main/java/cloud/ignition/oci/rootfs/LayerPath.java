package cloud.ignition.oci.rootfs;

import cloud.ignition.oci.Limits;

/**
 * Paths of a layer's entries, made harmless: the result is {@code a/b/c}, relative to the image's root, without empty,
 * {@code .} or {@code ..} components; the root itself is the empty string.
 */
final class LayerPath {
    private LayerPath() {}

    /**
     * Normalises a path as archives hold them ({@code ./a}, {@code /a}, {@code a/}, {@code a//b}).
     *
     * @param raw one char per byte
     * @throws TarException when it is empty, climbs with {@code ..}, holds a NUL or is beyond a limit
     */
    static String normalise(String raw) {
        if (raw.isEmpty()) {
            throw new TarException("an entry has no name");
        }
        if (raw.indexOf('\0') >= 0) {
            throw new TarException("the path '" + raw + "' holds a NUL character");
        }
        if (raw.length() > Limits.MAX_PATH_BYTES) {
            throw new TarException("a path has " + raw.length() + " bytes; the limit is " + Limits.MAX_PATH_BYTES + ": "
                    + raw.substring(0, 80) + "…");
        }
        StringBuilder path = new StringBuilder(raw.length());
        int depth = 0;
        int start = 0;
        while (start <= raw.length()) {
            int slash = raw.indexOf('/', start);
            int end = slash < 0 ? raw.length() : slash;
            String component = raw.substring(start, end);
            start = end + 1;
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            check(raw, component, ++depth);
            if (!path.isEmpty()) {
                path.append('/');
            }
            path.append(component);
        }
        return path.toString();
    }

    private static void check(String raw, String component, int depth) {
        if (component.equals("..")) {
            throw new TarException("the path '" + raw + "' climbs with '..'");
        }
        if (component.length() > Limits.MAX_COMPONENT_BYTES) {
            throw new TarException("a file name has " + component.length() + " bytes; the limit is "
                    + Limits.MAX_COMPONENT_BYTES + ": " + component.substring(0, 80) + "…");
        }
        if (depth > Limits.MAX_PATH_DEPTH) {
            throw new TarException("a path is deeper than the limit of " + Limits.MAX_PATH_DEPTH + " directories: "
                    + raw.substring(0, 80) + "…");
        }
    }

    /** The path without its last component; empty for entries of the root. */
    static String parent(String path) {
        return path.substring(0, Math.max(path.lastIndexOf('/'), 0));
    }

    /** The last component. */
    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
