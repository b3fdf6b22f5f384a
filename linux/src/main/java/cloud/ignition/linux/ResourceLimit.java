package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** What the kernel lets this process have of one resource, see getrlimit(2). */
public enum ResourceLimit {
    /** Largest core file, bytes. */
    CORE(ResourceLimit.RLIMIT_CORE),
    /** Open descriptors; the numbers are below this. */
    NOFILE(ResourceLimit.RLIMIT_NOFILE),
    /** Address space, bytes. */
    AS(ResourceLimit.RLIMIT_AS);

    /** No limit; a signed number here. */
    public static final long RLIM_INFINITY = -1;

    static final int RLIMIT_CORE = 4;
    static final int RLIMIT_NOFILE = 7;
    static final int RLIMIT_AS = 9;

    private static final long SOFT = Structs.offset(Structs.RLIMIT, "rlim_cur");
    private static final long HARD = Structs.offset(Structs.RLIMIT, "rlim_max");

    private final int resource;

    ResourceLimit(int resource) {
        this.resource = resource;
    }

    /** What holds now; unsigned, {@link #RLIM_INFINITY} for none. */
    public long soft() {
        return read().get(JAVA_LONG, SOFT);
    }

    /** Up to where {@link #setSoft} may go; unsigned, {@link #RLIM_INFINITY} for none. */
    public long hard() {
        return read().get(JAVA_LONG, HARD);
    }

    /**
     * Sets what holds from now on, and leaves the hard limit.
     *
     * @throws LinuxException EINVAL above the hard limit
     */
    public void setSoft(long value) {
        MemorySegment limit = read();
        limit.set(JAVA_LONG, SOFT, value);
        LinuxException.check(LibC.setrlimit(resource, limit), "setrlimit " + this);
    }

    private MemorySegment read() {
        MemorySegment limit = CallScratch.current().small;
        LinuxException.check(LibC.getrlimit(resource, limit), "getrlimit " + this);
        return limit;
    }
}
