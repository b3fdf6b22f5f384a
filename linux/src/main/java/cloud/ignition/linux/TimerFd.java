package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;

/** A one-shot timer on the monotonic clock that can be polled, see timerfd_create(2); nonblocking. */
public final class TimerFd implements AutoCloseable {
    static final int TFD_NONBLOCK = 04000;
    static final int TFD_CLOEXEC = 02000000;

    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long VALUE_SECONDS =
            Structs.ITIMERSPEC.byteOffset(PathElement.groupElement("it_value"), PathElement.groupElement("tv_sec"));
    private static final long VALUE_NANOS =
            Structs.ITIMERSPEC.byteOffset(PathElement.groupElement("it_value"), PathElement.groupElement("tv_nsec"));

    private final Fd fd;

    private TimerFd(Fd fd) {
        this.fd = fd;
    }

    /** A new one, disarmed. */
    public static TimerFd create() {
        int n = LibC.timerfdCreate(Clocks.CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        return new TimerFd(Fd.adopt(LinuxException.check(n, "timerfd_create"), "timerfd"));
    }

    /** For epoll. */
    public Fd fd() {
        return fd;
    }

    /**
     * Arms the timer, in place of what was set before.
     *
     * @param delay nanoseconds from now; at once when 0 or negative
     */
    public void setNanos(long delay) {
        set(Math.max(delay, 1));
    }

    /** Stops the timer; what has fired already can still be drained. */
    public void disarm() {
        set(0);
    }

    /** How often it fired since the last time, at most 1; 0 when it did not. */
    public long drain() {
        return Counters.drain(fd);
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private void set(long nanos) {
        MemorySegment value = CallScratch.current().small;
        value.asSlice(0, Structs.ITIMERSPEC.byteSize()).fill((byte) 0);
        value.set(JAVA_LONG, VALUE_SECONDS, nanos / NANOS_PER_SECOND);
        value.set(JAVA_LONG, VALUE_NANOS, nanos % NANOS_PER_SECOND);
        LinuxException.check(LibC.timerfdSettime(fd.number(), 0, value, MemorySegment.NULL), "timerfd_settime");
    }
}
