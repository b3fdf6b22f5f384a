package cloud.ignition.linux;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Error numbers of {@code errno.h} that Ignition looks at, and the names and messages of all of them (glibc 2.32 or later). */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int ESPIPE = 29;
    public static final int EROFS = 30;
    public static final int EPIPE = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int EBADFD = 77;
    public static final int ENOBUFS = 105;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int ENETDOWN = 100;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ETIMEDOUT = 110;
    public static final int ECONNREFUSED = 111;

    /** Longer than any name or description of the C library. */
    private static final long MAX_TEXT_BYTES = 128;

    private static final Map<Integer, String> NAMES = new ConcurrentHashMap<>();
    private static final Map<Integer, String> MESSAGES = new ConcurrentHashMap<>();

    private Errno() {}

    /**
     * The symbolic name.
     *
     * @param errno positive
     * @return for example {@code EACCES}, or {@code errno 4711} when the C library does not know it
     */
    public static String name(int errno) {
        return NAMES.computeIfAbsent(errno, n -> text(LibC.strerrorname(n), "errno " + n));
    }

    /**
     * The description in English.
     *
     * @param errno positive
     * @return for example {@code Permission denied}
     */
    public static String message(int errno) {
        return MESSAGES.computeIfAbsent(errno, n -> text(LibC.strerrordesc(n), "Unknown error"));
    }

    private static String text(MemorySegment pointer, String otherwise) {
        return pointer.address() == 0
                ? otherwise
                : pointer.reinterpret(MAX_TEXT_BYTES).getString(0);
    }
}
