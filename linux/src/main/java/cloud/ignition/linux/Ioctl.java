package cloud.ignition.linux;

import java.lang.foreign.MemoryLayout;

/**
 * Request numbers of ioctls, put together as {@code asm-generic/ioctl.h} does: direction in bits 30-31, size of the argument in
 * bits 16-29, type in bits 8-15, number in bits 0-7. Directions are seen from user space.
 */
public final class Ioctl {
    private static final int NONE = 0;
    private static final int WRITE = 1;
    private static final int READ = 2;
    private static final long MAX_SIZE = (1 << 14) - 1;

    private Ioctl() {}

    /** {@code _IO}: no argument, or a plain number. */
    public static long io(int type, int number) {
        return request(NONE, type, number, 0);
    }

    /** {@code _IOR}: the kernel writes the argument. */
    public static long ior(int type, int number, MemoryLayout argument) {
        return request(READ, type, number, argument.byteSize());
    }

    /** {@code _IOW}: the kernel reads the argument. */
    public static long iow(int type, int number, MemoryLayout argument) {
        return request(WRITE, type, number, argument.byteSize());
    }

    /** {@code _IOWR}: the kernel reads and writes the argument. */
    public static long iowr(int type, int number, MemoryLayout argument) {
        return request(READ | WRITE, type, number, argument.byteSize());
    }

    private static long request(int direction, int type, int number, long size) {
        if (size > MAX_SIZE || type < 0 || type > 0xff || number < 0 || number > 0xff) {
            throw new IllegalArgumentException("no ioctl: type " + type + " number " + number + " size " + size);
        }
        return (long) direction << 30 | size << 16 | (long) type << 8 | number;
    }
}
