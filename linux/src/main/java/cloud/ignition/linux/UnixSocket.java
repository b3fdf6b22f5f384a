package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * A stream socket of this host at a path, see unix(7): a listening one or one end of a connection. Nonblocking, so that it can
 * be watched with {@link Epoll}; a connection is read and written through its {@link #fd}.
 */
public final class UnixSocket implements AutoCloseable {
    /** Longest path, in bytes of UTF-8. */
    public static final int MAX_PATH_BYTES = 107;

    static final int AF_UNIX = 1;
    static final int SOCK_STREAM = 1;
    static final int SOCK_NONBLOCK = 04000;
    static final int SOCK_CLOEXEC = 02000000;
    static final int SHUT_RD = 0;
    static final int SHUT_WR = 1;

    private static final int FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;
    private static final long SUN_FAMILY = Structs.offset(Structs.SOCKADDR_UN, "sun_family");
    private static final long SUN_PATH = Structs.offset(Structs.SOCKADDR_UN, "sun_path");

    private final Fd fd;

    private UnixSocket(Fd fd) {
        this.fd = fd;
    }

    /**
     * Listens at a path, where nothing may be yet; the file stays when the socket is closed.
     *
     * @param path at most {@link #MAX_PATH_BYTES} long
     * @param backlog how many connections may wait for {@link #accept}
     * @throws LinuxException EADDRINUSE when something is there, ENAMETOOLONG when the path is too long
     */
    public static UnixSocket listen(String path, int backlog) {
        UnixSocket socket = open(path);
        try {
            MemorySegment address = address("bind", path);
            check("bind", path, LibC.bind(socket.fd.number(), address, (int) address.byteSize()));
            check("listen", path, LibC.listen(socket.fd.number(), backlog));
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects to whoever listens at a path; never waits.
     *
     * @throws LinuxException ENOENT or ECONNREFUSED when nobody listens, EAGAIN when too many wait there already, ENAMETOOLONG
     *     when the path is too long
     */
    public static UnixSocket connect(String path) {
        UnixSocket socket = open(path);
        try {
            MemorySegment address = address("connect", path);
            check("connect", path, LibC.connect(socket.fd.number(), address, (int) address.byteSize()));
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Takes the next connection that waits, see accept4(2).
     *
     * @return nothing when none waits
     * @throws LinuxException EMFILE, ENFILE, ENOBUFS or ENOMEM when the host has no room for it; it goes on waiting
     */
    public Optional<UnixSocket> accept() {
        int n;
        do {
            n = LibC.accept4(fd.number(), FLAGS);
        } while (n == -Errno.EINTR || n == -Errno.ECONNABORTED);
        if (n == -Errno.EAGAIN) {
            return Optional.empty();
        }
        check("accept", fd.what(), n);
        return Optional.of(new UnixSocket(Fd.adopt(n, "connection at " + fd.what())));
    }

    /** For reading, writing and {@link Epoll}. */
    public Fd fd() {
        return fd;
    }

    /** The peer reads the end of the stream behind what was written; harmless when the peer is gone. */
    public void shutdownWrite() {
        LibC.shutdown(fd.number(), SHUT_WR);
    }

    /** The peer's writes fail with EPIPE from now on; harmless when the peer is gone. */
    public void shutdownRead() {
        LibC.shutdown(fd.number(), SHUT_RD);
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return fd.toString();
    }

    private static UnixSocket open(String path) {
        return new UnixSocket(
                Fd.adopt(LinuxException.check(LibC.socket(AF_UNIX, SOCK_STREAM | FLAGS, 0), "socket " + path), path));
    }

    private static void check(String call, String path, int result) {
        LinuxException.check(result, call + " " + path);
    }

    /** The address in the thread's scratch memory. */
    private static MemorySegment address(String call, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || path.indexOf('\0') >= 0) {
            throw new LinuxException(call + " '" + path.replace('\0', '?') + "'", Errno.EINVAL);
        }
        if (bytes.length > MAX_PATH_BYTES) {
            throw new LinuxException(call + " " + path, Errno.ENAMETOOLONG);
        }
        MemorySegment address = CallScratch.current().small.asSlice(0, Structs.SOCKADDR_UN);
        address.fill((byte) 0);
        address.set(JAVA_SHORT, SUN_FAMILY, (short) AF_UNIX);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, address, SUN_PATH, bytes.length);
        return address;
    }
}
