package cloud.ignition.linux;

import static cloud.ignition.linux.Downcall.address;
import static cloud.ignition.linux.Downcall.call;
import static cloud.ignition.linux.Downcall.callLong;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * The C library's functions that Ignition uses, one method each, arguments in C's order. Results are as in C, except that a
 * failure is {@code -errno}. No method retries or throws for what the kernel says.
 *
 * <p>Segments are native memory. They are passed on as plain addresses, so an arena that is closed by another thread during the
 * call takes the memory away from under it: whoever closes an arena sees to it that no call is in progress.
 */
final class LibC {
    private static final MemorySegment OPEN = address("open");
    private static final MemorySegment CLOSE = address("close");
    private static final MemorySegment READ = address("read");
    private static final MemorySegment WRITE = address("write");
    private static final MemorySegment PREAD = address("pread");
    private static final MemorySegment PWRITE = address("pwrite");
    private static final MemorySegment READV = address("readv");
    private static final MemorySegment WRITEV = address("writev");
    private static final MemorySegment PREADV = address("preadv");
    private static final MemorySegment PWRITEV = address("pwritev");
    private static final MemorySegment FSYNC = address("fsync");
    private static final MemorySegment FDATASYNC = address("fdatasync");
    private static final MemorySegment FSTAT = address("fstat");
    private static final MemorySegment FTRUNCATE = address("ftruncate");
    private static final MemorySegment FALLOCATE = address("fallocate");
    private static final MemorySegment LSEEK = address("lseek");
    private static final MemorySegment IOCTL = address("ioctl");
    private static final MemorySegment EVENTFD = address("eventfd");
    private static final MemorySegment TIMERFD_CREATE = address("timerfd_create");
    private static final MemorySegment TIMERFD_SETTIME = address("timerfd_settime");
    private static final MemorySegment EPOLL_CREATE1 = address("epoll_create1");
    private static final MemorySegment EPOLL_CTL = address("epoll_ctl");
    private static final MemorySegment EPOLL_WAIT = address("epoll_wait");
    private static final MemorySegment MMAP = address("mmap");
    private static final MemorySegment MUNMAP = address("munmap");
    private static final MemorySegment MADVISE = address("madvise");
    private static final MemorySegment MINCORE = address("mincore");
    private static final MemorySegment SIGACTION = address("sigaction");
    private static final MemorySegment PTHREAD_SIGMASK = address("pthread_sigmask");
    private static final MemorySegment SETPRIORITY = address("setpriority");
    private static final MemorySegment GETTID = address("gettid");
    private static final MemorySegment TGKILL = address("tgkill");
    private static final MemorySegment CLOCK_GETTIME = address("clock_gettime");
    private static final MemorySegment GETRANDOM = address("getrandom");
    private static final MemorySegment GETRLIMIT = address("getrlimit");
    private static final MemorySegment SETRLIMIT = address("setrlimit");
    private static final MemorySegment SOCKET = address("socket");
    private static final MemorySegment BIND = address("bind");
    private static final MemorySegment LISTEN = address("listen");
    private static final MemorySegment ACCEPT4 = address("accept4");
    private static final MemorySegment CONNECT = address("connect");
    private static final MemorySegment SHUTDOWN = address("shutdown");
    private static final MemorySegment SYSCONF = address("sysconf");
    private static final MemorySegment STRERRORNAME = address("strerrorname_np");
    private static final MemorySegment STRERRORDESC = address("strerrordesc_np");

    private LibC() {}

    static int open(MemorySegment path, int flags, int mode) {
        try {
            return call(OPEN, pointer(path), flags, mode, 0);
        } finally {
            Reference.reachabilityFence(path);
        }
    }

    static int close(int fd) {
        return call(CLOSE, fd, 0, 0, 0);
    }

    static long read(int fd, MemorySegment buffer, long count) {
        return buffer(READ, fd, buffer, count, 0);
    }

    static long write(int fd, MemorySegment buffer, long count) {
        return buffer(WRITE, fd, buffer, count, 0);
    }

    static long pread(int fd, MemorySegment buffer, long count, long offset) {
        return buffer(PREAD, fd, buffer, count, offset);
    }

    static long pwrite(int fd, MemorySegment buffer, long count, long offset) {
        return buffer(PWRITE, fd, buffer, count, offset);
    }

    static long readv(int fd, MemorySegment iovecs, int count) {
        return buffer(READV, fd, iovecs, count, 0);
    }

    static long writev(int fd, MemorySegment iovecs, int count) {
        return buffer(WRITEV, fd, iovecs, count, 0);
    }

    static long preadv(int fd, MemorySegment iovecs, int count, long offset) {
        return buffer(PREADV, fd, iovecs, count, offset);
    }

    static long pwritev(int fd, MemorySegment iovecs, int count, long offset) {
        return buffer(PWRITEV, fd, iovecs, count, offset);
    }

    static int fsync(int fd) {
        return call(FSYNC, fd, 0, 0, 0);
    }

    static int fdatasync(int fd) {
        return call(FDATASYNC, fd, 0, 0, 0);
    }

    static int fstat(int fd, MemorySegment stat) {
        try {
            return call(FSTAT, fd, pointer(stat), 0, 0);
        } finally {
            Reference.reachabilityFence(stat);
        }
    }

    static int ftruncate(int fd, long length) {
        return call(FTRUNCATE, fd, length, 0, 0);
    }

    static int fallocate(int fd, int mode, long offset, long length) {
        return call(FALLOCATE, fd, mode, offset, length);
    }

    static long lseek(int fd, long offset, int whence) {
        return callLong(LSEEK, fd, offset, whence, 0, 0, 0);
    }

    static int ioctl(int fd, long request, long argument) {
        return call(IOCTL, fd, request, argument, 0);
    }

    static int ioctl(int fd, long request, MemorySegment argument) {
        try {
            return call(IOCTL, fd, request, pointer(argument), 0);
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    static int setpriority(int which, int who, int priority) {
        return call(SETPRIORITY, which, who, priority, 0);
    }

    static int eventfd(int initial, int flags) {
        return call(EVENTFD, initial, flags, 0, 0);
    }

    static int timerfdCreate(int clock, int flags) {
        return call(TIMERFD_CREATE, clock, flags, 0, 0);
    }

    static int timerfdSettime(int fd, int flags, MemorySegment newValue, MemorySegment oldValue) {
        try {
            return call(TIMERFD_SETTIME, fd, flags, pointer(newValue), pointer(oldValue));
        } finally {
            Reference.reachabilityFence(newValue);
            Reference.reachabilityFence(oldValue);
        }
    }

    static int epollCreate1(int flags) {
        return call(EPOLL_CREATE1, flags, 0, 0, 0);
    }

    static int epollCtl(int epfd, int operation, int fd, MemorySegment event) {
        try {
            return call(EPOLL_CTL, epfd, operation, fd, pointer(event));
        } finally {
            Reference.reachabilityFence(event);
        }
    }

    static int epollWait(int epfd, MemorySegment events, int maxEvents, int timeoutMillis) {
        try {
            return call(EPOLL_WAIT, epfd, pointer(events), maxEvents, timeoutMillis);
        } finally {
            Reference.reachabilityFence(events);
        }
    }

    static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        return callLong(MMAP, address, length, protection, flags, fd, offset);
    }

    static int munmap(long address, long length) {
        return call(MUNMAP, address, length, 0, 0);
    }

    static int madvise(long address, long length, int advice) {
        return call(MADVISE, address, length, advice, 0);
    }

    static int mincore(long address, long length, MemorySegment pages) {
        try {
            return call(MINCORE, address, length, pointer(pages), 0);
        } finally {
            Reference.reachabilityFence(pages);
        }
    }

    static int sigaction(int signal, MemorySegment action, MemorySegment old) {
        try {
            return call(SIGACTION, signal, pointer(action), pointer(old), 0);
        } finally {
            Reference.reachabilityFence(action);
            Reference.reachabilityFence(old);
        }
    }

    /** Returns 0 or a positive error number, not its negative: the convention of pthreads. */
    static int pthreadSigmask(int how, MemorySegment set, MemorySegment old) {
        try {
            return (int) Downcall.plain(PTHREAD_SIGMASK, how, pointer(set), pointer(old));
        } finally {
            Reference.reachabilityFence(set);
            Reference.reachabilityFence(old);
        }
    }

    static int gettid() {
        return call(GETTID, 0, 0, 0, 0);
    }

    static int tgkill(int tgid, int tid, int signal) {
        return call(TGKILL, tgid, tid, signal, 0);
    }

    static int clockGettime(int clock, MemorySegment timespec) {
        try {
            return call(CLOCK_GETTIME, clock, pointer(timespec), 0, 0);
        } finally {
            Reference.reachabilityFence(timespec);
        }
    }

    static long getrandom(MemorySegment buffer, long count, int flags) {
        try {
            return callLong(GETRANDOM, pointer(buffer), count, flags, 0, 0, 0);
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }

    static int getrlimit(int resource, MemorySegment limit) {
        try {
            return call(GETRLIMIT, resource, pointer(limit), 0, 0);
        } finally {
            Reference.reachabilityFence(limit);
        }
    }

    static int setrlimit(int resource, MemorySegment limit) {
        try {
            return call(SETRLIMIT, resource, pointer(limit), 0, 0);
        } finally {
            Reference.reachabilityFence(limit);
        }
    }

    static int socket(int domain, int type, int protocol) {
        return call(SOCKET, domain, type, protocol, 0);
    }

    static int bind(int fd, MemorySegment sockaddr, int length) {
        try {
            return call(BIND, fd, pointer(sockaddr), length, 0);
        } finally {
            Reference.reachabilityFence(sockaddr);
        }
    }

    static int listen(int fd, int backlog) {
        return call(LISTEN, fd, backlog, 0, 0);
    }

    /** Without asking for the peer's address. */
    static int accept4(int fd, int flags) {
        return call(ACCEPT4, fd, 0, 0, flags);
    }

    static int connect(int fd, MemorySegment sockaddr, int length) {
        try {
            return call(CONNECT, fd, pointer(sockaddr), length, 0);
        } finally {
            Reference.reachabilityFence(sockaddr);
        }
    }

    static int shutdown(int fd, int how) {
        return call(SHUTDOWN, fd, how, 0, 0);
    }

    static long sysconf(int name) {
        return callLong(SYSCONF, name, 0, 0, 0, 0, 0);
    }

    static MemorySegment strerrorname(int errno) {
        return MemorySegment.ofAddress(Downcall.plain(STRERRORNAME, errno, 0, 0));
    }

    static MemorySegment strerrordesc(int errno) {
        return MemorySegment.ofAddress(Downcall.plain(STRERRORDESC, errno, 0, 0));
    }

    private static long buffer(MemorySegment function, int fd, MemorySegment memory, long count, long offset) {
        try {
            return callLong(function, fd, pointer(memory), count, offset, 0, 0);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** The caller keeps the segment reachable until the call has returned. */
    private static long pointer(MemorySegment memory) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("not native memory: " + memory);
        }
        if (!memory.isAccessibleBy(Thread.currentThread()) || !memory.scope().isAlive()) {
            throw new IllegalStateException("memory of another thread, or of a closed arena: " + memory);
        }
        return memory.address();
    }
}
