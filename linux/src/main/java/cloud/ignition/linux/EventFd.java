package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A kernel counter that wakes whoever polls it, see eventfd(2); nonblocking. Safe for use by many threads. */
public final class EventFd implements AutoCloseable {
    static final int EFD_NONBLOCK = 04000;
    static final int EFD_CLOEXEC = 02000000;

    private static final MemorySegment ONE =
            Arena.global().allocateFrom(JAVA_LONG, 1L).asReadOnly();

    private final Fd fd;

    private EventFd(Fd fd) {
        this.fd = fd;
    }

    /** A new one with count 0. */
    public static EventFd create() {
        return new EventFd(
                Fd.adopt(LinuxException.check(LibC.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"), "eventfd"));
    }

    /** For epoll, ioeventfd and irqfd. */
    public Fd fd() {
        return fd;
    }

    /** Adds 1 to the count. A full counter stays as it is: its reader is as good as woken. */
    public void signal() {
        long r = fd.write(ONE);
        if (r < 0 && r != -Errno.EAGAIN) {
            throw new LinuxException("write eventfd", (int) -r);
        }
    }

    /** Sets the count to 0 and returns what it was; 0 when nobody had signalled. */
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
}
