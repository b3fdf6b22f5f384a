package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** A set of descriptors that one thread waits on, see epoll(7). Changing the set is safe from any thread. */
public final class Epoll implements AutoCloseable {
    public static final int IN = 0x001;
    public static final int PRI = 0x002;
    public static final int OUT = 0x004;
    public static final int ERR = 0x008;
    public static final int HUP = 0x010;
    public static final int RDHUP = 0x2000;
    public static final int EXCLUSIVE = 1 << 28;
    public static final int ONESHOT = 1 << 30;
    /** Edge triggered. */
    public static final int ET = 1 << 31;

    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EPOLL_CLOEXEC = 02000000;

    private static final long EVENT_BYTES = Structs.EPOLL_EVENT.byteSize();
    private static final long EVENTS = Structs.offset(Structs.EPOLL_EVENT, "events");
    private static final long DATA = Structs.offset(Structs.EPOLL_EVENT, "data");

    private final Fd fd;

    private Epoll(Fd fd) {
        this.fd = fd;
    }

    /** A new, empty set. */
    public static Epoll create() {
        return new Epoll(Fd.adopt(LinuxException.check(LibC.epollCreate1(EPOLL_CLOEXEC), "epoll_create1"), "epoll"));
    }

    /** For nesting in another set. */
    public Fd fd() {
        return fd;
    }

    /**
     * Adds a descriptor. It leaves the set by {@link #remove} or when it is closed.
     *
     * @param events {@link #IN}, {@link #OUT} … or-ed; {@link #ERR} and {@link #HUP} are always reported
     * @param token comes back with each event
     */
    public void add(Fd added, int events, long token) {
        control(EPOLL_CTL_ADD, "add", added, events, token);
    }

    /** Changes events and token of a descriptor in the set; also re-arms {@link #ONESHOT}. */
    public void modify(Fd member, int events, long token) {
        control(EPOLL_CTL_MOD, "modify", member, events, token);
    }

    /** Takes a descriptor out of the set. */
    public void remove(Fd member) {
        control(EPOLL_CTL_DEL, "remove", member, 0, 0);
    }

    /**
     * Waits for events. Blocks, so only platform threads call this.
     *
     * @param out filled from index 0 on
     * @param timeoutMillis 0 does not wait, -1 waits without end
     * @return how many events there are; 0 after the timeout or a signal
     */
    public int await(Events out, int timeoutMillis) {
        out.count = 0;
        int n = LibC.epollWait(fd.number(), out.array, out.capacity, timeoutMillis);
        if (n == -Errno.EINTR) {
            return 0;
        }
        out.count = LinuxException.check(n, "epoll_wait");
        return n;
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private void control(int operation, String verb, Fd member, int events, long token) {
        MemorySegment event = CallScratch.current().small;
        event.set(JAVA_INT_UNALIGNED, EVENTS, events);
        event.set(JAVA_LONG_UNALIGNED, DATA, token);
        int r = LibC.epollCtl(fd.number(), operation, member.number(), event);
        if (r < 0) {
            throw new LinuxException("epoll_ctl " + verb + " " + member, -r);
        }
    }

    /** Room for the events of one {@link #await}; used over and over by one thread. */
    public static final class Events {
        private final int capacity;
        private final MemorySegment array;
        private int count;

        /** Room for {@code capacity} events, at least 1. */
        public Events(int capacity) {
            if (capacity < 1) {
                throw new IllegalArgumentException("capacity " + capacity);
            }
            this.capacity = capacity;
            this.array = Arena.ofAuto().allocate(EVENT_BYTES * capacity, 8);
        }

        /** How many events the last {@link #await} delivered. */
        public int count() {
            return count;
        }

        /** The token of event {@code i}. */
        public long token(int i) {
            return array.get(JAVA_LONG_UNALIGNED, Objects.checkIndex(i, count) * EVENT_BYTES + DATA);
        }

        /** What happened to the descriptor of event {@code i}: {@link #IN}, {@link #ERR} … or-ed. */
        public int events(int i) {
            return array.get(JAVA_INT_UNALIGNED, Objects.checkIndex(i, count) * EVENT_BYTES + EVENTS);
        }
    }
}
