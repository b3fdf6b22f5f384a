package cloud.ignition.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One open file descriptor with one owner.
 *
 * <p>Methods that return {@code long} or the result of an ioctl give a count or {@code -errno} and never throw for what the kernel
 * says; the others throw {@link LinuxException}. Buffers are native memory. A call that a signal interrupted is repeated, except
 * ioctls. After {@link #close} every call answers {@code -EBADF} and the number is never handed out again; the owner sees to it that
 * no other thread is inside a call when it closes.
 */
public final class Fd implements AutoCloseable {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0100;
    public static final int O_EXCL = 0200;
    public static final int O_TRUNC = 01000;
    public static final int O_APPEND = 02000;
    public static final int O_NONBLOCK = 04000;
    public static final int O_DIRECT = 040000;
    public static final int O_DIRECTORY = 0200000;
    public static final int O_NOFOLLOW = 0400000;
    public static final int O_CLOEXEC = 02000000;
    public static final int O_PATH = 010000000;

    /** fallocate(2): the file's size stays. */
    public static final int FALLOC_FL_KEEP_SIZE = 0x01;

    /** fallocate(2): frees the range, which reads as zeroes from then on; only with {@link #FALLOC_FL_KEEP_SIZE}. */
    public static final int FALLOC_FL_PUNCH_HOLE = 0x02;

    /** fallocate(2): the range reads as zeroes from then on and stays allocated where the file system can do that. */
    public static final int FALLOC_FL_ZERO_RANGE = 0x10;

    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;

    private static final int S_IFMT = 0170000;
    private static final int S_IFREG = 0100000;

    private static final long STAT_MODE = Structs.offset(Structs.STAT, "st_mode");
    private static final long STAT_SIZE = Structs.offset(Structs.STAT, "st_size");
    private static final int CLOSED = -1;
    private static final VarHandle NUMBER;

    static {
        try {
            NUMBER = MethodHandles.lookup().findVarHandle(Fd.class, "number", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final String what;
    private final int original;
    private volatile int number;

    private Fd(int number, String what) {
        this.number = number;
        this.original = number;
        this.what = what;
    }

    /**
     * Takes ownership of an open descriptor.
     *
     * @param number the descriptor, not negative
     * @param what what it is, for messages: a path or a kind
     */
    public static Fd adopt(int number, String what) {
        if (number < 0) {
            throw new IllegalArgumentException("no file descriptor: " + number + " (" + what + ")");
        }
        return new Fd(number, what);
    }

    /**
     * Opens a path, see open(2); {@code O_CLOEXEC} is always added.
     *
     * @param path the path, in UTF-8 for the kernel
     * @param flags {@code O_…}
     * @param mode permissions of a file that is created, before the umask; else 0
     */
    public static Fd open(String path, int flags, int mode) {
        if (path.indexOf('\0') >= 0) {
            throw new LinuxException("open " + path.replace('\0', '?'), Errno.EINVAL);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cString = arena.allocateFrom(path);
            int n;
            do {
                n = LibC.open(cString, flags | O_CLOEXEC, mode);
            } while (n == -Errno.EINTR);
            return adopt(LinuxException.check(n, "open " + path), path);
        }
    }

    /** The number for the kernel; a bug to ask for when closed. */
    public int number() {
        int n = number;
        if (n == CLOSED) {
            throw new IllegalStateException("already closed: " + this);
        }
        return n;
    }

    /** Whether {@link #close} has not been called. */
    public boolean isOpen() {
        return number != CLOSED;
    }

    /** What this is, for messages. */
    public String what() {
        return what;
    }

    /** Closes the descriptor; a second call, from any thread, does nothing. */
    @Override
    public void close() {
        int n = (int) NUMBER.getAndSet(this, CLOSED);
        // Linux frees the number whatever close() returns; only EBADF says something: another owner closed our number.
        if (n != CLOSED && LibC.close(n) == -Errno.EBADF) {
            throw new IllegalStateException("somebody else closed " + this);
        }
    }

    /** read(2): fills the buffer from its start; the count, 0 at the end of the file, or {@code -errno}. */
    public long read(MemorySegment buffer) {
        long r;
        do {
            r = LibC.read(number, buffer, buffer.byteSize());
        } while (r == -Errno.EINTR);
        return r;
    }

    /** write(2): the count, which can be less than the buffer's size, or {@code -errno}. */
    public long write(MemorySegment buffer) {
        long r;
        do {
            r = LibC.write(number, buffer, buffer.byteSize());
        } while (r == -Errno.EINTR);
        return r;
    }

    /**
     * readv(2).
     *
     * @param iovecs array of {@code struct iovec}: address and length, 64 bits each
     * @param count how many of them
     * @return the count of bytes or {@code -errno}
     */
    public long readv(MemorySegment iovecs, int count) {
        checkVector(iovecs, count);
        long r;
        do {
            r = LibC.readv(number, iovecs, count);
        } while (r == -Errno.EINTR);
        return r;
    }

    /** writev(2); arguments and result as for {@link #readv}. */
    public long writev(MemorySegment iovecs, int count) {
        checkVector(iovecs, count);
        long r;
        do {
            r = LibC.writev(number, iovecs, count);
        } while (r == -Errno.EINTR);
        return r;
    }

    /** pread(2): as {@link #read} at {@code offset}, without moving the file position. */
    public long pread(MemorySegment buffer, long offset) {
        long r;
        do {
            r = LibC.pread(number, buffer, buffer.byteSize(), offset);
        } while (r == -Errno.EINTR);
        return r;
    }

    /** pwrite(2): as {@link #write} at {@code offset}, without moving the file position. */
    public long pwrite(MemorySegment buffer, long offset) {
        long r;
        do {
            r = LibC.pwrite(number, buffer, buffer.byteSize(), offset);
        } while (r == -Errno.EINTR);
        return r;
    }

    /** preadv(2): as {@link #readv} at {@code offset}, without moving the file position. */
    public long preadv(MemorySegment iovecs, int count, long offset) {
        checkVector(iovecs, count);
        long r;
        do {
            r = LibC.preadv(number, iovecs, count, offset);
        } while (r == -Errno.EINTR);
        return r;
    }

    /** pwritev(2): as {@link #writev} at {@code offset}, without moving the file position. */
    public long pwritev(MemorySegment iovecs, int count, long offset) {
        checkVector(iovecs, count);
        long r;
        do {
            r = LibC.pwritev(number, iovecs, count, offset);
        } while (r == -Errno.EINTR);
        return r;
    }

    /**
     * Fills the buffer from {@code offset} on.
     *
     * @return the count of bytes, less than the buffer's size only at the end of the file
     */
    public long preadFully(MemorySegment buffer, long offset) {
        long done = 0;
        while (done < buffer.byteSize()) {
            long r = pread(buffer.asSlice(done), offset + done);
            if (r < 0) {
                throw failed("pread", r);
            }
            if (r == 0) {
                break;
            }
            done += r;
        }
        return done;
    }

    /** Writes the whole buffer at {@code offset}. */
    public void pwriteFully(MemorySegment buffer, long offset) {
        long done = 0;
        while (done < buffer.byteSize()) {
            long r = pwrite(buffer.asSlice(done), offset + done);
            if (r < 0) {
                throw failed("pwrite", r);
            }
            done += r;
        }
    }

    /** fsync(2): data and metadata are on the disk when it returns; also for a directory. */
    public void fsync() {
        int r;
        do {
            r = LibC.fsync(number);
        } while (r == -Errno.EINTR);
        check("fsync", r);
    }

    /** fdatasync(2): data, and the metadata needed to read it, are on the disk when it returns. */
    public void fdatasync() {
        int r;
        do {
            r = LibC.fdatasync(number);
        } while (r == -Errno.EINTR);
        check("fdatasync", r);
    }

    /** The file's size in bytes, see fstat(2); 0 for devices. */
    public long size() {
        MemorySegment stat = CallScratch.current().small;
        check("fstat", LibC.fstat(number, stat));
        return stat.get(JAVA_LONG, STAT_SIZE);
    }

    /** Whether this is a regular file, see fstat(2): no directory, device, pipe or socket. */
    public boolean isRegularFile() {
        MemorySegment stat = CallScratch.current().small;
        check("fstat", LibC.fstat(number, stat));
        return (stat.get(JAVA_INT, STAT_MODE) & S_IFMT) == S_IFREG;
    }

    /** Sets the file's size in bytes, see ftruncate(2); what is added is a hole. */
    public void truncate(long size) {
        int r;
        do {
            r = LibC.ftruncate(number, size);
        } while (r == -Errno.EINTR);
        check("ftruncate", r);
    }

    /**
     * fallocate(2).
     *
     * @param mode {@code FALLOC_FL_…} or-ed
     * @return 0 or {@code -errno}, -EOPNOTSUPP when the file system cannot do it
     */
    public int fallocate(int mode, long offset, long length) {
        int r;
        do {
            r = LibC.fallocate(number, mode, offset, length);
        } while (r == -Errno.EINTR);
        return r;
    }

    /**
     * lseek(2) with SEEK_DATA; moves the file position.
     *
     * @return the offset of the first data at or after {@code offset}, -1 when only a hole follows
     */
    public long seekData(long offset) {
        return seek(offset, SEEK_DATA);
    }

    /**
     * lseek(2) with SEEK_HOLE; moves the file position.
     *
     * @return the offset of the first hole at or after {@code offset}, where the end of the file counts as one; -1 when {@code
     *     offset} is not before the end
     */
    public long seekHole(long offset) {
        return seek(offset, SEEK_HOLE);
    }

    /** ioctl(2) with a number as argument: the result or {@code -errno}; not repeated after a signal. */
    public int ioctl(long request, long argument) {
        return LibC.ioctl(number, request, argument);
    }

    /** ioctl(2) with a pointer as argument: the result or {@code -errno}; not repeated after a signal. */
    public int ioctl(long request, MemorySegment argument) {
        return LibC.ioctl(number, request, argument);
    }

    @Override
    public String toString() {
        return "fd " + original + (isOpen() ? " (" : ", closed (") + what + ")";
    }

    private long seek(long offset, int whence) {
        long r = LibC.lseek(number, offset, whence);
        if (r == -Errno.ENXIO) {
            return -1;
        }
        if (r < 0) {
            throw failed("lseek", r);
        }
        return r;
    }

    private void check(String call, int result) {
        if (result < 0) {
            throw failed(call, result);
        }
    }

    private LinuxException failed(String call, long result) {
        return new LinuxException(call + " " + what, (int) -result);
    }

    private static void checkVector(MemorySegment iovecs, int count) {
        if (count < 0 || count > iovecs.byteSize() / Structs.IOVEC.byteSize()) {
            throw new IllegalArgumentException(count + " iovecs in " + iovecs.byteSize() + " bytes");
        }
    }
}
