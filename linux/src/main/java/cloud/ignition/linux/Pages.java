package cloud.ignition.linux;

/** The host's page size. */
public final class Pages {
    static final int _SC_PAGESIZE = 30;

    /** Bytes per page. */
    public static final long SIZE = LibC.sysconf(_SC_PAGESIZE);

    private Pages() {}

    /** The smallest multiple of the page size that is not below {@code bytes}. */
    public static long roundUp(long bytes) {
        return Math.addExact(bytes, SIZE - 1) & -SIZE;
    }
}
