package cloud.ignition.linux;

import static cloud.ignition.linux.Downcall.bug;
import static cloud.ignition.linux.Downcall.systemCall;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The C library's functions that Ignition uses, one method each, arguments in C's order. Results are as in C, except that a
 * failure is {@code -errno}. No method retries or throws.
 */
final class LibC {
    private static final Linker.Option VARIADIC_AFTER_2 = Linker.Option.firstVariadicArg(2);
    private static final FunctionDescriptor FD = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    private static final FunctionDescriptor FD_BUFFER = FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final FunctionDescriptor FD_BUFFER_AT =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final FunctionDescriptor FD_VECTOR = FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT);
    private static final FunctionDescriptor FD_VECTOR_AT =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);

    private static final MethodHandle OPEN =
            systemCall("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), VARIADIC_AFTER_2);
    private static final MethodHandle CLOSE = systemCall("close", FD);
    private static final MethodHandle READ = systemCall("read", FD_BUFFER);
    private static final MethodHandle WRITE = systemCall("write", FD_BUFFER);
    private static final MethodHandle PREAD = systemCall("pread", FD_BUFFER_AT);
    private static final MethodHandle PWRITE = systemCall("pwrite", FD_BUFFER_AT);
    private static final MethodHandle READV = systemCall("readv", FD_VECTOR);
    private static final MethodHandle WRITEV = systemCall("writev", FD_VECTOR);
    private static final MethodHandle PREADV = systemCall("preadv", FD_VECTOR_AT);
    private static final MethodHandle PWRITEV = systemCall("pwritev", FD_VECTOR_AT);
    private static final MethodHandle FSYNC = systemCall("fsync", FD);
    private static final MethodHandle FDATASYNC = systemCall("fdatasync", FD);
    private static final MethodHandle FSTAT = systemCall("fstat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle FTRUNCATE =
            systemCall("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle LSEEK =
            systemCall("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle IOCTL_LONG =
            systemCall("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG), VARIADIC_AFTER_2);
    private static final MethodHandle IOCTL_POINTER =
            systemCall("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), VARIADIC_AFTER_2);
    private static final MethodHandle EVENTFD =
            systemCall("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle TIMERFD_CREATE =
            systemCall("timerfd_create", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle TIMERFD_SETTIME =
            systemCall("timerfd_settime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle EPOLL_CREATE1 = systemCall("epoll_create1", FD);
    private static final MethodHandle EPOLL_CTL =
            systemCall("epoll_ctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle EPOLL_WAIT =
            systemCall("epoll_wait", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle MMAP = systemCall(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
            systemCall("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MADVISE =
            systemCall("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SIGACTION =
            systemCall("sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle PTHREAD_SIGMASK =
            Downcall.plain("pthread_sigmask", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle GETTID = systemCall("gettid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle TGKILL =
            systemCall("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOCK_GETTIME =
            systemCall("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle GETRANDOM =
            systemCall("getrandom", FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SOCKET =
            systemCall("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            systemCall("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle LISTEN =
            systemCall("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle ACCEPT4 =
            systemCall("accept4", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle CONNECT =
            systemCall("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SHUTDOWN =
            systemCall("shutdown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SYSCONF = systemCall("sysconf", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
    private static final MethodHandle STRERRORNAME =
            Downcall.plain("strerrorname_np", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    private static final MethodHandle STRERRORDESC =
            Downcall.plain("strerrordesc_np", FunctionDescriptor.of(ADDRESS, JAVA_INT));

    private LibC() {}

    static int open(MemorySegment path, int flags, int mode) {
        try {
            return (int) OPEN.invokeExact(path, flags, mode);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int close(int fd) {
        try {
            return (int) CLOSE.invokeExact(fd);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long read(int fd, MemorySegment buffer, long count) {
        try {
            return (long) READ.invokeExact(fd, buffer, count);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long write(int fd, MemorySegment buffer, long count) {
        try {
            return (long) WRITE.invokeExact(fd, buffer, count);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long pread(int fd, MemorySegment buffer, long count, long offset) {
        try {
            return (long) PREAD.invokeExact(fd, buffer, count, offset);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long pwrite(int fd, MemorySegment buffer, long count, long offset) {
        try {
            return (long) PWRITE.invokeExact(fd, buffer, count, offset);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long readv(int fd, MemorySegment iovecs, int count) {
        try {
            return (long) READV.invokeExact(fd, iovecs, count);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long writev(int fd, MemorySegment iovecs, int count) {
        try {
            return (long) WRITEV.invokeExact(fd, iovecs, count);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long preadv(int fd, MemorySegment iovecs, int count, long offset) {
        try {
            return (long) PREADV.invokeExact(fd, iovecs, count, offset);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long pwritev(int fd, MemorySegment iovecs, int count, long offset) {
        try {
            return (long) PWRITEV.invokeExact(fd, iovecs, count, offset);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int fsync(int fd) {
        try {
            return (int) FSYNC.invokeExact(fd);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int fdatasync(int fd) {
        try {
            return (int) FDATASYNC.invokeExact(fd);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int fstat(int fd, MemorySegment stat) {
        try {
            return (int) FSTAT.invokeExact(fd, stat);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int ftruncate(int fd, long length) {
        try {
            return (int) FTRUNCATE.invokeExact(fd, length);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long lseek(int fd, long offset, int whence) {
        try {
            return (long) LSEEK.invokeExact(fd, offset, whence);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int ioctl(int fd, long request, long argument) {
        try {
            return (int) IOCTL_LONG.invokeExact(fd, request, argument);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int ioctl(int fd, long request, MemorySegment argument) {
        try {
            return (int) IOCTL_POINTER.invokeExact(fd, request, argument);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int eventfd(int initial, int flags) {
        try {
            return (int) EVENTFD.invokeExact(initial, flags);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int timerfdCreate(int clock, int flags) {
        try {
            return (int) TIMERFD_CREATE.invokeExact(clock, flags);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int timerfdSettime(int fd, int flags, MemorySegment newValue, MemorySegment oldValue) {
        try {
            return (int) TIMERFD_SETTIME.invokeExact(fd, flags, newValue, oldValue);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int epollCreate1(int flags) {
        try {
            return (int) EPOLL_CREATE1.invokeExact(flags);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int epollCtl(int epfd, int operation, int fd, MemorySegment event) {
        try {
            return (int) EPOLL_CTL.invokeExact(epfd, operation, fd, event);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int epollWait(int epfd, MemorySegment events, int maxEvents, int timeoutMillis) {
        try {
            return (int) EPOLL_WAIT.invokeExact(epfd, events, maxEvents, timeoutMillis);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        try {
            return (long) MMAP.invokeExact(address, length, protection, flags, fd, offset);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int munmap(long address, long length) {
        try {
            return (int) MUNMAP.invokeExact(address, length);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int madvise(long address, long length, int advice) {
        try {
            return (int) MADVISE.invokeExact(address, length, advice);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int sigaction(int signal, MemorySegment action, MemorySegment old) {
        try {
            return (int) SIGACTION.invokeExact(signal, action, old);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    /** Returns 0 or a positive error number, not its negative: the convention of pthreads. */
    static int pthreadSigmask(int how, MemorySegment set, MemorySegment old) {
        try {
            return (int) PTHREAD_SIGMASK.invokeExact(how, set, old);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int gettid() {
        try {
            return (int) GETTID.invokeExact();
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int tgkill(int tgid, int tid, int signal) {
        try {
            return (int) TGKILL.invokeExact(tgid, tid, signal);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int clockGettime(int clock, MemorySegment timespec) {
        try {
            return (int) CLOCK_GETTIME.invokeExact(clock, timespec);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long getrandom(MemorySegment buffer, long count, int flags) {
        try {
            return (long) GETRANDOM.invokeExact(buffer, count, flags);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int socket(int domain, int type, int protocol) {
        try {
            return (int) SOCKET.invokeExact(domain, type, protocol);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int bind(int fd, MemorySegment address, int length) {
        try {
            return (int) BIND.invokeExact(fd, address, length);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int listen(int fd, int backlog) {
        try {
            return (int) LISTEN.invokeExact(fd, backlog);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int accept4(int fd, MemorySegment address, MemorySegment length, int flags) {
        try {
            return (int) ACCEPT4.invokeExact(fd, address, length, flags);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int connect(int fd, MemorySegment address, int length) {
        try {
            return (int) CONNECT.invokeExact(fd, address, length);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static int shutdown(int fd, int how) {
        try {
            return (int) SHUTDOWN.invokeExact(fd, how);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static long sysconf(int name) {
        try {
            return (long) SYSCONF.invokeExact(name);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static MemorySegment strerrorname(int errno) {
        try {
            return (MemorySegment) STRERRORNAME.invokeExact(errno);
        } catch (Throwable t) {
            throw bug(t);
        }
    }

    static MemorySegment strerrordesc(int errno) {
        try {
            return (MemorySegment) STRERRORDESC.invokeExact(errno);
        } catch (Throwable t) {
            throw bug(t);
        }
    }
}
