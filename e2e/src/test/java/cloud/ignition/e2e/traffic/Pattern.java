package cloud.ignition.e2e.traffic;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Bytes whose value follows from their position, as the guest computes them (e2e/guest/traffic.h): one that is lost,
 * doubled or out of place is seen where it happens.
 */
final class Pattern {
    static final long UP = 1;
    static final long DOWN = 2;
    static final long HTTP = 3;
    static final long DISK = 4;
    static final long VSOCK_UP = 6;
    static final long VSOCK_DOWN = 7;

    private static final int KIND_SHIFT = 60;
    private static final int NUMBER_SHIFT = 44;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Pattern() {}

    /** Names one sequence of bytes. */
    static long salt(long kind, long number) {
        return kind << KIND_SHIFT | number << NUMBER_SHIFT;
    }

    /** Fills the first bytes of an array with those of a sequence from a position on. */
    static void fill(byte[] bytes, int length, long salt, long position) {
        for (int i = 0; i < length; ) {
            if ((position + i) % Long.BYTES == 0 && length - i >= Long.BYTES) {
                WORDS.set(bytes, i, word(salt, (position + i) / Long.BYTES));
                i += Long.BYTES;
            } else {
                bytes[i] = at(salt, position + i);
                i++;
            }
        }
    }

    /** Index of the first wrong byte, or {@code length}. */
    static int check(byte[] bytes, int length, long salt, long position) {
        for (int i = 0; i < length; ) {
            if ((position + i) % Long.BYTES == 0
                    && length - i >= Long.BYTES
                    && (long) WORDS.get(bytes, i) == word(salt, (position + i) / Long.BYTES)) {
                i += Long.BYTES;
            } else if (bytes[i] == at(salt, position + i)) {
                i++;
            } else {
                return i;
            }
        }
        return length;
    }

    private static byte at(long salt, long position) {
        return (byte) (word(salt, position / Long.BYTES) >>> (position % Long.BYTES * Byte.SIZE));
    }

    private static long word(long salt, long index) {
        long x = (salt + index) * 0x9e3779b97f4a7c15L;
        x ^= x >>> 32;
        x *= 0xd6e8feb86659fd93L;
        return x ^ (x >>> 29);
    }
}
